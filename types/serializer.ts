/**
 * Turns the data of a session into bytes and back. Both methods are synchronous.
 *
 * Equal data must give equal bytes, because the library compares bytes to find out whether a handler has changed the
 * session.
 */
export interface Serializer {
  /**
   * @param data a plain object with the keys of the application and the key `__metadata__` of the library
   * @returns the bytes
   * @throws any error if it cannot keep a value. The request then fails with `FST_SESSION_SERIALIZE`. A serializer must
   *   never drop a value silently
   */
  serialize(data: object): Uint8Array

  /**
   * @param data bytes from `serialize`, or from another program
   * @returns the object
   * @throws any error if the bytes are not a record. The visitor then gets a new session
   */
  deserialize(data: Uint8Array): Record<string, unknown>
}
