import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { EncryptionKey, Encryptor } from '../../types/encryptor.ts'
import { ownOptions } from '../checks/option-names.ts'
import { NONCE_SIZE, openGcm, sealGcm } from '../crypto/gcm.ts'
import { SessionOptionsError } from '../errors.ts'
import { encryptionKeys } from './encryption-keys.ts'

const KEY_SIZES = [16, 24, 32]
const GENERATED_KEY_SIZE = 32
const UNBOUND = new Uint8Array(0)

export interface AESGCMOptions {
  /**
   * Whether a record opens only under the cookie's name and the session id that it was written for. `false` reads and
   * writes starsessions' records (Python), which are not bound.
   *
   * @default true
   */
  readonly bind?: boolean
}

function resolveBind(options: AESGCMOptions): boolean {
  const { bind = true } = ownOptions('AESGCMEncryptor', options, ['bind'])
  if (typeof bind !== 'boolean') throw new SessionOptionsError('AESGCMEncryptor: bind must be true or false')
  return bind
}

/**
 * Encrypts with AES-GCM: nonce (12 bytes, random, fresh for each write), ciphertext and tag (16 bytes).
 *
 * Random nonces bound how much one key may encrypt: 2^32 writes (NIST SP 800-38D, section 8.3). A busier application
 * puts a new key in front of the list before that.
 */
export class AESGCMEncryptor implements Encryptor {
  readonly #keys: readonly KeyObject[]
  readonly #bind: boolean

  /** @returns a new random key: 32 bytes as base64url (43 characters), for AES-256 */
  static generateKey(): string {
    return randomBytes(GENERATED_KEY_SIZE).toString('base64url')
  }

  /**
   * @param keys one key, or a list, newest first: the first encrypts, all decrypt. Each 16, 24 or 32 bytes: a
   *   Uint8Array, or base64url or base64 text.
   * @throws `SessionOptionsError` when a key is missing, or is not exactly that; when an option is unknown or wrong
   */
  constructor(keys: EncryptionKey | readonly EncryptionKey[], options: AESGCMOptions = {}) {
    this.#bind = resolveBind(options)
    this.#keys = encryptionKeys('AESGCMEncryptor', keys, KEY_SIZES).map((bytes) => createSecretKey(bytes))
  }

  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array {
    return sealGcm(this.#keys[0]!, data, randomBytes(NONCE_SIZE), this.#bind ? associatedData : UNBOUND)
  }

  /** @returns the plaintext; `null` for every failure */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
    const bound = this.#bind ? associatedData : UNBOUND
    for (const key of this.#keys) {
      const plain = openGcm(key, data, bound)
      if (plain !== null) return plain
    }
    return null
  }
}
