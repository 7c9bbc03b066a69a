import { createSecretKey, type KeyObject } from 'node:crypto'
import type { AESGCMOptions, EncryptionKey, Encryptor } from '../../types/encryptor.ts'
import { ownOptions } from '../checks/option-names.ts'
import { NONCE_SIZE, openGcm, sealGcm } from '../crypto/gcm.ts'
import { randomBytes } from '../crypto/random.ts'
import { SessionOptionsError } from '../errors.ts'
import { encryptionKeys } from './encryption-keys.ts'

const KEY_SIZES = [16, 24, 32]
const GENERATED_KEY_SIZE = 32
const NO_BYTES = new Uint8Array(0)

/** The options of `AESGCMEncryptor`. */
function resolveBind(options: AESGCMOptions): boolean {
  const { bind = true } = ownOptions('AESGCMEncryptor', options, ['bind'])
  if (typeof bind !== 'boolean') throw new SessionOptionsError('AESGCMEncryptor: bind must be true or false')
  return bind
}

/**
 * Encrypts with AES-GCM. The result is a nonce (12 random bytes, new for each write), the ciphertext and a tag (16 bytes).
 *
 * One key may encrypt at most 2^32 writes, because the nonces are random (NIST SP 800-38D, section 8.3). Before an
 * application reaches that number, put a new key at the front of the list.
 */
export class AESGCMEncryptor implements Encryptor {
  /** `true`, unless `bind` is `false`. */
  readonly authenticatesAssociatedData: boolean
  readonly #keys: readonly KeyObject[]

  /** @returns a new random key: 32 bytes as base64url (43 characters), for AES-256 */
  static generateKey(): string {
    return randomBytes(GENERATED_KEY_SIZE).toString('base64url')
  }

  /**
   * @param keys one key, or a list of keys, newest first. The first key encrypts, and all keys decrypt. Each key has 16, 24
   *   or 32 bytes, as a Uint8Array, or as base64url or base64 text.
   * @param options `bind` is the only one
   * @throws `FST_SESSION_OPTIONS` when a key is missing or has another length or form, or when an option is unknown or wrong
   */
  constructor(keys: EncryptionKey | readonly EncryptionKey[], options: AESGCMOptions = {}) {
    this.authenticatesAssociatedData = resolveBind(options)
    this.#keys = encryptionKeys('AESGCMEncryptor', keys, KEY_SIZES).map((bytes) => createSecretKey(bytes))
  }

  /**
   * Encrypts with the first key.
   * @returns the nonce, the ciphertext and the tag
   */
  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array {
    return sealGcm(this.#keys[0]!, data, randomBytes(NONCE_SIZE), this.#bound(associatedData))
  }

  /** @returns the plaintext, or `null` if no key decrypts the data */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
    const bound = this.#bound(associatedData)
    for (const key of this.#keys) {
      const plain = openGcm(key, data, bound)
      if (plain !== null) return plain
    }
    return null
  }

  #bound(associatedData: Uint8Array): Uint8Array {
    return this.authenticatesAssociatedData ? associatedData : NO_BYTES
  }
}
