import { createRequire } from 'node:module'
import type { EncryptionKey, Encryptor } from '../../types/encryptor.ts'
import { randomBytes } from '../crypto/random.ts'
import { SessionOptionsError } from '../errors.ts'
import { encryptionKeys } from './encryption-keys.ts'

const XCHACHA_KEY_SIZE = 32
const XCHACHA_NONCE_SIZE = 24
const POLY1305_TAG_SIZE = 16

/** What this library uses of sodium-native. */
interface Sodium {
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    data: Uint8Array,
    associatedData: Uint8Array,
    unused: null,
    nonce: Uint8Array,
    key: Uint8Array
  ): number
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    unused: null,
    sealed: Uint8Array,
    associatedData: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array
  ): number
}

/** Loads sodium-native, which is optional. So it is not imported before somebody needs it. */
function loadSodium(): Sodium {
  try {
    return createRequire(import.meta.url)('sodium-native')
  } catch (cause) {
    throw new SessionOptionsError(
      'XChaCha20Encryptor: the package sodium-native cannot be loaded. Run `npm install sodium-native`. If it has no build for this system, use AESGCMEncryptor',
      { cause }
    )
  }
}

/**
 * Encrypts with XChaCha20-Poly1305 of libsodium. The result is a nonce (24 random bytes, new for each write), the
 * ciphertext and a tag (16 bytes).
 *
 * Its nonces are so long that random ones never repeat. So one key is good for any number of writes, and it is faster
 * than `AESGCMEncryptor`. It needs the package `sodium-native`.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03
 */
export class XChaCha20Encryptor implements Encryptor {
  /** `true`: a record opens only with the cookie name and the session id that it was written for. */
  readonly authenticatesAssociatedData = true
  readonly #keys: readonly Uint8Array[]
  readonly #sodium: Sodium

  /** @returns a new random key: 32 bytes as base64url (43 characters) */
  static generateKey(): string {
    return randomBytes(XCHACHA_KEY_SIZE).toString('base64url')
  }

  /**
   * @param keys one key, or a list of keys, newest first. The first key encrypts, and all keys decrypt. Each key has 32
   *   bytes, as a Uint8Array, or as base64url or base64 text.
   * @throws `FST_SESSION_OPTIONS` when a key is missing or has another length or form, or when `sodium-native` is missing
   */
  constructor(keys: EncryptionKey | readonly EncryptionKey[]) {
    // Copies, because the caller may overwrite the originals.
    this.#keys = encryptionKeys('XChaCha20Encryptor', keys, [XCHACHA_KEY_SIZE]).map((bytes) => Uint8Array.from(bytes))
    this.#sodium = loadSodium()
  }

  /**
   * Encrypts with the first key.
   * @returns the nonce, the ciphertext and the tag
   */
  encrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array {
    const nonce = randomBytes(XCHACHA_NONCE_SIZE)
    const sealed = Buffer.allocUnsafe(XCHACHA_NONCE_SIZE + data.length + POLY1305_TAG_SIZE)
    sealed.set(nonce)
    this.#sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
      sealed.subarray(XCHACHA_NONCE_SIZE),
      data,
      associatedData,
      null,
      nonce,
      this.#keys[0]!
    )
    return sealed
  }

  /** @returns the plaintext, or `null` if no key decrypts the data */
  decrypt(data: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
    const size = data.length - XCHACHA_NONCE_SIZE - POLY1305_TAG_SIZE
    if (size < 0) return null
    const nonce = data.subarray(0, XCHACHA_NONCE_SIZE)
    const sealed = data.subarray(XCHACHA_NONCE_SIZE)
    const plaintext = Buffer.allocUnsafe(size)
    for (const key of this.#keys) {
      try {
        this.#sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext, null, sealed, associatedData, nonce, key)
        return plaintext
      } catch {}
    }
    return null
  }
}
