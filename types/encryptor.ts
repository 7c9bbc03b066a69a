/**
 * Encrypts records before they reach the store. May be asynchronous (a key service).
 *
 * `associatedData` is utf8(cookie name) + 0x00 + utf8(session id; empty where the store owns the ids). An encryptor that
 * authenticates it makes one session's bytes worthless in another's place.
 */
export interface Encryptor {
  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | Promise<Uint8Array>

  /**
   * @returns the plaintext; `null`: not mine, or tampered with. One answer for every reason.
   * @throws `SessionUnavailableError` when it could not tell (the key service is down): the request fails with 503 and
   *   the visitor stays logged in. Anything else thrown counts as `null`.
   */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null | Promise<Uint8Array | null>
}

/**
 * An encryption key: raw bytes, or text (base64url or base64). `undefined` is accepted by the type and refused when it
 * runs, so that `process.env.SESSION_KEY` fits as it is and a forgotten variable is reported by name.
 */
export type EncryptionKey = string | Uint8Array | undefined
