import type { webcrypto } from 'node:crypto'
import type { Encryptor } from '../../types/encryptor.ts'

const NONCE_SIZE = 12

type Bytes = Uint8Array<ArrayBuffer>

/** An asynchronous encryptor over WebCrypto. An application would write one like this for a key service. */
export class CustomEncryptor implements Encryptor {
  readonly #key: webcrypto.CryptoKey

  static async create(): Promise<CustomEncryptor> {
    return new CustomEncryptor(
      await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    )
  }

  constructor(key: webcrypto.CryptoKey) {
    this.#key = key
  }

  async encrypt(data: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_SIZE))
    const sealed = await crypto.subtle.encrypt(this.#with(iv, associatedData), this.#key, data as Bytes)
    return Buffer.concat([iv, new Uint8Array(sealed)])
  }

  async decrypt(data: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array | null> {
    const iv = data.subarray(0, NONCE_SIZE) as Bytes
    try {
      const sealed = data.subarray(NONCE_SIZE) as Bytes
      return new Uint8Array(await crypto.subtle.decrypt(this.#with(iv, associatedData), this.#key, sealed))
    } catch {
      return null
    }
  }

  #with(iv: Bytes, associatedData: Uint8Array) {
    return { name: 'AES-GCM', iv, additionalData: associatedData as Bytes }
  }
}
