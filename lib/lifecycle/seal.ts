import { createHmac } from 'node:crypto'
import { NONCE_SIZE, openGcm, sealGcm } from '../crypto/gcm.ts'
import { randomBytes } from '../crypto/random.ts'

/** The info of HKDF, and the number of its only block. */
const INFO = 'starsessions.rotated\x01'
const NO_ASSOCIATED_DATA = new Uint8Array(0)

/**
 * The key comes from an id that a store keeps only as a hash, so a thief of the store's data cannot open the seal. An id is
 * random already, so HKDF needs no extraction (RFC 5869, section 3.3). One HMAC costs a sixth of `hkdfSync()`.
 */
const keyFrom = (id: string): Uint8Array => createHmac('sha256', id).update(INFO).digest()

/** Encrypts an id, so that only a request that knows `id` can read it (HKDF-Expand, RFC 5869; AES-256-GCM). */
export function seal(id: string, secret: string): string {
  const sealed = sealGcm(keyFrom(id), Buffer.from(secret), randomBytes(NONCE_SIZE), NO_ASSOCIATED_DATA)
  return Buffer.from(sealed).toString('base64url')
}

/** @returns `null` if the text was sealed with another id or tampered with */
export function unseal(id: string, sealed: string): string | null {
  const secret = openGcm(keyFrom(id), Buffer.from(sealed, 'base64url'), NO_ASSOCIATED_DATA)
  return secret === null ? null : Buffer.from(secret).toString()
}
