/**
 * Encrypts records before they reach the store. May be asynchronous (a key service): each call then has the time of the
 * option `storeTimeout`.
 *
 * Whatever an encryptor throws says that it could not tell (the key service is down), and so does no answer in time, or
 * an answer of another type. The request is answered with 503 and the visitor stays logged in. The log gets the name, the
 * code and the stack of the error, but not its message, which could hold session data.
 *
 * `associatedData` is utf8(cookie name) + 0x00 + utf8(session id; empty where the store owns the ids). An encryptor that
 * authenticates it makes one session's bytes worthless in another's place.
 */
export interface Encryptor {
  /** @returns the encrypted bytes */
  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | Promise<Uint8Array>

  /**
   * @returns the plaintext; `null`: not mine, or tampered with, whatever the reason. The visitor then gets a new session,
   *   so return `null` only when you know that these bytes are not yours: a rejection by WebCrypto or by `final()` of a
   *   decipher is such a case, a key service that is down is not.
   */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null | Promise<Uint8Array | null>
}

/**
 * An encryption key: raw bytes, or text (base64url or base64). `undefined` is accepted by the type and refused when it
 * runs, so that `process.env.SESSION_KEY` fits as it is and a forgotten variable is reported by name.
 */
export type EncryptionKey = string | Uint8Array | undefined
