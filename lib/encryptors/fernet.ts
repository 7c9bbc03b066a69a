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
import { now } from '../base/clock.ts'
import { encryptionKeys } from './encryption-keys.ts'

const VERSION = 0x80
const KEY_SIZE = 32
const BLOCK_SIZE = 16
const MAC_SIZE = 32
/** The header is the version (1 byte), the time (8 bytes) and the IV. */
const HEADER_SIZE = 9 + BLOCK_SIZE
const CIPHER = 'aes-128-cbc'

export interface FernetKey {
  readonly signing: KeyObject
  readonly encryption: KeyObject
}

/** Splits a key: the first half signs, and the second half encrypts (Fernet's Spec.md, "Key Format"). */
export function fernetKey(bytes: Uint8Array): FernetKey {
  return {
    signing: createSecretKey(bytes.subarray(0, KEY_SIZE / 2)),
    encryption: createSecretKey(bytes.subarray(KEY_SIZE / 2))
  }
}

const macOf = (key: FernetKey, signed: Uint8Array): Buffer => createHmac('sha256', key.signing).update(signed).digest()

const toBase64url = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')

/**
 * Encrypts with Fernet.
 * @param iv 16 bytes that were never used before
 * @param seconds the Unix time in seconds. A fraction is dropped.
 * @returns the token, as ASCII bytes
 */
export function sealFernet(key: FernetKey, data: Uint8Array, iv: Uint8Array, seconds: number): Uint8Array {
  const prefix = Buffer.alloc(9)
  prefix[0] = VERSION
  prefix.writeBigUInt64BE(BigInt(Math.floor(seconds)), 1)
  const cipher = createCipheriv(CIPHER, key.encryption, iv)
  const signed = Buffer.concat([prefix, iv, cipher.update(data), cipher.final()])
  return Buffer.from(toBase64url(Buffer.concat([signed, macOf(key, signed)])), 'latin1')
}

/** @returns the plaintext, or `null` if no key decrypts the token */
export function openFernet(keys: readonly FernetKey[], data: Uint8Array): Uint8Array | null {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
  const token = Buffer.from(text, 'base64url')
  // Node's decoder skips unknown characters. Python accepts only the padded spelling, and so does this function.
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
 * Encrypts with Fernet (AES-128-CBC and HMAC-SHA256, in base64url), like `cryptography` and starsessions for Python.
 *
 * Fernet has no associated data. If somebody copies the bytes of one session to the id of another, they can still be
 * decrypted there. `AESGCMEncryptor` is the better choice, unless a Python program shares the sessions. The time in a token
 * is not checked, because sessions expire by their own metadata.
 *
 * @see https://github.com/fernet/spec/blob/master/Spec.md
 */
export class FernetEncryptor implements Encryptor {
  /** `false`, because the format has no room for associated data. */
  readonly authenticatesAssociatedData = false
  readonly #keys: readonly FernetKey[]

  /** @returns a new random key: 32 bytes as padded base64url (44 characters). Python accepts this form as well. */
  static generateKey(): string {
    return toBase64url(randomBytes(KEY_SIZE))
  }

  /**
   * @param keys one key, or a list of keys, newest first. The first key encrypts, and all keys decrypt. Each key has 32
   *   bytes, as a Uint8Array, or as base64url or base64 text.
   * @throws `FST_SESSION_OPTIONS` when a key is missing or has another length or form
   */
  constructor(keys: EncryptionKey | readonly EncryptionKey[]) {
    this.#keys = encryptionKeys('FernetEncryptor', keys, [KEY_SIZE]).map(fernetKey)
  }

  /**
   * Encrypts with the first key.
   * @param _associatedData is not used, because Fernet cannot bind a token to it
   * @returns the token
   */
  encrypt(data: Uint8Array, _associatedData: Uint8Array): Uint8Array {
    return sealFernet(this.#keys[0]!, data, randomBytes(BLOCK_SIZE), now())
  }

  /** @returns the plaintext, or `null` if no key decrypts the token */
  decrypt(data: Uint8Array, _associatedData: Uint8Array): Uint8Array | null {
    return openFernet(this.#keys, data)
  }
}
