import { type CipherGCMTypes, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

export const NONCE_SIZE = 12
const TAG_SIZE = 16
/** Without it Node takes a tag cut to 4 bytes, which is quickly guessed. */
const TAG_OPTIONS = { authTagLength: TAG_SIZE }

const cipherOf = (key: KeyObject): CipherGCMTypes => `aes-${key.symmetricKeySize! * 8}-gcm` as CipherGCMTypes

/**
 * @param nonce 12 bytes, never used before with this key
 * @returns nonce, ciphertext and tag
 */
export function sealGcm(key: KeyObject, data: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const cipher = createCipheriv(cipherOf(key), key, nonce, TAG_OPTIONS).setAAD(associatedData)
  return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()])
}

/** @returns the plaintext; `null` for every failure */
export function openGcm(key: KeyObject, data: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
  if (data.length < NONCE_SIZE + TAG_SIZE) return null
  const decipher = createDecipheriv(cipherOf(key), key, data.subarray(0, NONCE_SIZE), TAG_OPTIONS)
    .setAAD(associatedData)
    .setAuthTag(data.subarray(-TAG_SIZE))
  const start = decipher.update(data.subarray(NONCE_SIZE, -TAG_SIZE))
  try {
    // Throws unless the tag is right: until then `start` is not to be trusted.
    return Buffer.concat([start, decipher.final()])
  } catch {
    return null
  }
}
