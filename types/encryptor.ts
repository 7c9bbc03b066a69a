/**
 * Encrypts records before they reach the store. Both methods may be asynchronous, for example to ask a key service.
 * Each call has the time of the option `storeTimeout`.
 *
 * A method that throws, takes too long or returns another type says that the encryptor does not work now. The request
 * is answered with 503 and the visitor stays logged in. The log gets the name, the code and the stack of the error. The
 * log does not get the message, because it could contain session data.
 *
 * `associatedData` is the name of the cookie in UTF-8, a zero byte, and the id of the session in UTF-8 (empty if the
 * store `ownsIds`). A `CookieStore` with an encryptor of its own gives other bytes. If an encryptor authenticates it, the bytes of one session are worthless in the place of another.
 */
export interface Encryptor {
  /**
   * @param data the record
   * @param associatedData bytes to authenticate with the record
   * @returns the encrypted bytes
   */
  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | Promise<Uint8Array>

  /**
   * @param data the encrypted bytes
   * @param associatedData the bytes that `encrypt` was given
   * @returns the record, or `null` if the bytes were not encrypted by you or were changed. The visitor then gets a new
   *   session. So return `null` if WebCrypto rejects, or if `final()` of a decipher throws. Throw if a key service is
   *   down.
   */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null | Promise<Uint8Array | null>

  /**
   * `true`: `decrypt` answers `null` if `associatedData` are not the bytes that `encrypt` was given. Only such an encryptor
   * fits the option `encryptor` of `CookieStore`.
   * @default false
   */
  readonly authenticatesAssociatedData?: boolean
}

/**
 * An encryption key: bytes, or base64url or base64 text. The type accepts `undefined`, so `process.env.SESSION_KEY`
 * fits as it is. The encryptor refuses `undefined` with `FST_SESSION_OPTIONS`, and the message names the variable.
 */
export type EncryptionKey = string | Uint8Array | undefined

/** The options of `AESGCMEncryptor`. */
export interface AESGCMOptions {
  /**
   * `true`: a record opens only with the cookie name and the session id that it was written for. `false`: records have
   * the format of Python's starsessions, which is not bound to them.
   * @default true
   */
  readonly bind?: boolean
}
