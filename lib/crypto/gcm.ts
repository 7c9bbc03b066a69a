import { type CipherGCMTypes, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

export const NONCE_SIZE = 12
const TAG_SIZE = 16
/** Without this option Node accepts a tag that was cut to 4 bytes, and such a tag is quickly guessed. */
const TAG_OPTIONS = { authTagLength: TAG_SIZE }

/** @param key 16, 24 or 32 bytes, for AES-128, AES-192 or AES-256 */
const cipherOf = (key: KeyObject): CipherGCMTypes => `aes-${key.symmetricKeySize! * 8}-gcm` as CipherGCMTypes

/**
 * Encrypts with AES-GCM.
 * @param nonce 12 bytes that were never used with this key before
 * @returns nonce, ciphertext and tag, one after the other
 */
export function sealGcm(key: KeyObject, data: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const cipher = createCipheriv(cipherOf(key), key, nonce, TAG_OPTIONS).setAAD(associatedData)
  const text = cipher.update(data)
  // GCM is a stream cipher, so `final()` has no bytes left. It only makes the tag.
  cipher.final()
  return Buffer.concat([nonce, text, cipher.getAuthTag()])
}

/** @returns the plaintext, or `null` if the data are not genuine or too short */
export function openGcm(key: KeyObject, data: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
  if (data.length < NONCE_SIZE + TAG_SIZE) return null
  const decipher = createDecipheriv(cipherOf(key), key, data.subarray(0, NONCE_SIZE), TAG_OPTIONS)
    .setAAD(associatedData)
    .setAuthTag(data.subarray(-TAG_SIZE))
  const plaintext = decipher.update(data.subarray(NONCE_SIZE, -TAG_SIZE))
  try {
    // `final()` throws if the tag is wrong. Until then the plaintext is not to be trusted.
    decipher.final()
    return plaintext
  } catch {
    return null
  }
}
