import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual
} from 'node:crypto'
import type { EncryptionKey, Encryptor } from '../../types/encryptor.ts'
import { now } from '../clock.ts'
import { encryptionKeys } from './encryption-keys.ts'

const VERSION = 0x80
const KEY_SIZE = 32
const BLOCK_SIZE = 16
const MAC_SIZE = 32
/** Version (1), time (8) and IV. */
const HEADER_SIZE = 9 + BLOCK_SIZE
const CIPHER = 'aes-128-cbc'

export interface FernetKey {
  readonly signing: KeyObject
  readonly encryption: KeyObject
}

/** The first half signs, the second encrypts (Fernet's Spec.md, "Key Format"). */
export function fernetKey(bytes: Uint8Array): FernetKey {
  return {
    signing: createSecretKey(bytes.subarray(0, KEY_SIZE / 2)),
    encryption: createSecretKey(bytes.subarray(KEY_SIZE / 2))
  }
}

const macOf = (key: FernetKey, signed: Uint8Array): Buffer => createHmac('sha256', key.signing).update(signed).digest()

const toBase64url = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')

/**
 * @param iv 16 bytes, never used before
 * @param seconds Unix time; its fraction is dropped
 * @returns the token, as ASCII
 */
export function sealFernet(key: FernetKey, data: Uint8Array, iv: Uint8Array, seconds: number): Uint8Array {
  const prefix = Buffer.alloc(9)
  prefix[0] = VERSION
  prefix.writeBigUInt64BE(BigInt(Math.floor(seconds)), 1)
  const cipher = createCipheriv(CIPHER, key.encryption, iv)
  const signed = Buffer.concat([prefix, iv, cipher.update(data), cipher.final()])
  return Buffer.from(toBase64url(Buffer.concat([signed, macOf(key, signed)])), 'latin1')
}

/** @returns the plaintext; `null` for every failure */
export function openFernet(keys: readonly FernetKey[], data: Uint8Array): Uint8Array | null {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
  const token = Buffer.from(text, 'base64url')
  // Node's decoder skips what it does not know; like Python, only the one padded spelling is taken.
  if (token.length < HEADER_SIZE + MAC_SIZE || toBase64url(token) !== text) return null

  const signed = token.subarray(0, -MAC_SIZE)
  const mac = token.subarray(-MAC_SIZE)
  const key = keys.find((candidate) => timingSafeEqual(macOf(candidate, signed), mac))
  if (key === undefined || signed[0] !== VERSION) return null

  try {
    const decipher = createDecipheriv(CIPHER, key.encryption, signed.subarray(9, HEADER_SIZE))
    return Buffer.concat([decipher.update(signed.subarray(HEADER_SIZE)), decipher.final()])
  } catch {
    return null
  }
}

/**
 * Encrypts with Fernet, as Python's `cryptography` and starsessions do: AES-128-CBC and HMAC-SHA256 in base64url.
 *
 * Fernet has no associated data: bytes moved from one session into another's place open there. Where Python does not
 * read the sessions, `AESGCMEncryptor` is the better choice. A token's time is not checked; sessions expire by their
 * own metadata.
 *
 * @see https://github.com/fernet/spec/blob/master/Spec.md
 */
export class FernetEncryptor implements Encryptor {
  readonly #keys: readonly FernetKey[]

  /** @returns a new random key: 32 bytes as padded base64url (44 characters), which Python takes as well */
  static generateKey(): string {
    return toBase64url(randomBytes(KEY_SIZE))
  }

  /**
   * @param keys one key, or a list, newest first: the first encrypts, all decrypt. Each 32 bytes: a Uint8Array, or
   *   base64url or base64 text.
   * @throws `SessionOptionsError` when a key is missing, or is not exactly that
   */
  constructor(keys: EncryptionKey | readonly EncryptionKey[]) {
    this.#keys = encryptionKeys('FernetEncryptor', keys, [KEY_SIZE]).map(fernetKey)
  }

  /** @param _associatedData not used: Fernet cannot bind it */
  encrypt(data: Uint8Array, _associatedData: Uint8Array): Uint8Array {
    return sealFernet(this.#keys[0]!, data, randomBytes(BLOCK_SIZE), now())
  }

  /** @returns the plaintext; `null` for every failure */
  decrypt(data: Uint8Array, _associatedData: Uint8Array): Uint8Array | null {
    return openFernet(this.#keys, data)
  }
}
