import { hash, timingSafeEqual } from 'node:crypto'

const TAG_BYTES = 16
/** A cookie holds no longer id. A longer seal is not ours, and masking it would take time. */
const MAX_SEALED_LENGTH = Math.ceil(((TAG_BYTES + 4096) * 4) / 3)

/**
 * Hides a new id in the tombstone of the old one, so that only a request that knows the old id can read it. The store has
 * a hash of the old id at most, so a thief of the store's data cannot open the seal. The construction is a synthetic IV
 * over SHA-256: docs/internals/decisions/tombstone-seal.md says why it is sound.
 *
 * @param id the old id. Like every id it has no colon, so the inputs of the hashes are unambiguous.
 * @param successor the new id
 */
export function seal(id: string, successor: string): string {
  const tag = tagOf(id, successor)
  const bytes = Buffer.allocUnsafe(TAG_BYTES + successor.length)
  bytes.write(tag, 'hex')
  bytes.write(successor, TAG_BYTES, 'latin1')
  mask(bytes, id, tag)
  return bytes.toString('base64url')
}

/** @returns `null` if the text was sealed with another id, was tampered with, or is no seal */
export function unseal(id: string, sealed: string): string | null {
  if (sealed.length > MAX_SEALED_LENGTH) return null
  const bytes = Buffer.from(sealed, 'base64url')
  // Node's decoder skips unknown characters. Only the spelling of `seal()` counts.
  if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== sealed) return null
  mask(bytes, id, bytes.toString('hex', 0, TAG_BYTES))
  const successor = bytes.toString('latin1', TAG_BYTES)
  const expected = Buffer.from(tagOf(id, successor), 'hex')
  return timingSafeEqual(bytes.subarray(0, TAG_BYTES), expected) ? successor : null
}

/** The tag authenticates the new id. It is also the synthetic IV of the pad. */
const tagOf = (id: string, successor: string): string =>
  hash('sha256', `tag:${id}:${successor}`, 'hex').slice(0, 2 * TAG_BYTES)

/** Combines the bytes after the tag with the pad by XOR. Done twice, this has no effect. */
function mask(bytes: Buffer, id: string, tag: string): void {
  let at = TAG_BYTES
  for (let block = 0; at < bytes.length; block++) {
    // Binary text, because `hash()` takes twice as long to make a Buffer.
    const pad = hash('sha256', `pad:${id}:${tag}:${block}`, 'binary')
    for (let index = 0; index < pad.length && at < bytes.length; index++) bytes[at++]! ^= pad.charCodeAt(index)
  }
}
