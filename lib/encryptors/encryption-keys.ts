import { keyList } from '../checks/key-list.ts'

/** Decodes a key from base64 or base64url, with or without padding. `null` means that the text is not canonical. */
function decodeKey(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64url')
  const unpadded = text.replace(/={1,2}$/, '')
  const isPadded = unpadded !== text
  if (isPadded && text.length % 4 !== 0) return null
  return bytes.toString('base64url') === unpadded || bytes.toString('base64').replace(/=+$/, '') === unpadded
    ? bytes
    : null
}

/**
 * Checks and decodes the keys of an encryptor.
 * @param owner the class that takes the keys. It has a static method `generateKey()`.
 * @param sizes the allowed lengths of a key, in bytes
 * @returns the keys as bytes, in the same order
 * @throws `SessionOptionsError`
 */
export function encryptionKeys(owner: string, keys: unknown, sizes: readonly number[]): Uint8Array[] {
  return keyList({ owner, option: 'keys', variable: 'SESSION_KEY' }, keys, (raw, refuse) => {
    const bytes = typeof raw === 'string' ? decodeKey(raw) : raw
    // 32 hexadecimal digits are also valid base64url text, but for 24 different bytes.
    if (isHex(raw, sizes)) throw refuse("is hexadecimal: pass Buffer.from(key, 'hex')")
    if (bytes !== null && sizes.includes(bytes.length)) return bytes
    const found =
      bytes === null ? `is text of ${raw.length} characters that is not base64url` : `has ${bytes.length} bytes`
    const wanted = sizes.join(', ').replace(/, (\d+)$/, ' or $1')
    throw refuse(
      `${found}: pass ${wanted} bytes, as base64url text or a Uint8Array. ${owner}.generateKey() makes such a key`
    )
  })
}

const isHex = (raw: string | Uint8Array, sizes: readonly number[]): boolean =>
  typeof raw === 'string' && sizes.includes(raw.length / 2) && /^[0-9a-f]+$/i.test(raw)
