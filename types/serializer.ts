/**
 * Turns a session's data into bytes and back. Both directions are synchronous.
 *
 * The same data must give the same bytes: that is how a session finds out whether a handler has changed it.
 */
export interface Serializer {
  /**
   * @param data a plain object: the application's keys, and the library's `__metadata__`
   * @throws anything, when the data cannot be kept as they are; the request then fails with `FST_SESSION_SERIALIZE`.
   *   Dropping a value in silence is the one thing that a serializer must not do.
   */
  serialize(data: object): Uint8Array

  /**
   * @param data bytes that came out of `serialize`, or out of somebody else's program
   * @returns the object
   * @throws anything, when the bytes are not a record: the visitor then gets a new session
   */
  deserialize(data: Uint8Array): Record<string, unknown>
}
