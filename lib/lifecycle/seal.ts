import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { randomBytes } from '../crypto/random.ts'

/** HKDF's info, and the number of its only block. */
const INFO = 'starsessions.rotated\x01'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const OPTIONS = { authTagLength: TAG_BYTES }

/**
 * The key comes from an id that a store keeps only as a hash: whoever reads the store cannot open what is sealed. Random
 * as an id is, HKDF needs no extraction (RFC 5869, section 3.3): one HMAC, for a sixth of what `hkdfSync()` costs.
 */
const keyFrom = (id: string): Uint8Array => createHmac('sha256', id).update(INFO).digest()

/** Encrypts an id so that only who knows `id` can read it (HKDF-Expand, RFC 5869; AES-256-GCM). */
export function seal(id: string, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(id), nonce, OPTIONS)
  const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
}

/** @returns `null`: sealed with another id, or tampered with */
export function unseal(id: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(id), bytes.subarray(0, NONCE_BYTES), OPTIONS)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return null
  }
}
