import { hash } from 'node:crypto'

export type Digest = 'sha1' | 'sha256'

/** The block of SHA-1 and SHA-256, in bytes. */
const BLOCK_BYTES = 64
const INNER = 0x36
const OUTER = 0x5c

/**
 * HMAC (RFC 2104) as two one-shot hashes over a key that was padded once. `createHmac()` takes twice as long, because it
 * makes an object for each text. The buffers are not from Node's pool, because the pads give away the key.
 */
export class HmacKey {
  readonly #digest: Digest
  readonly #key: Buffer
  /** The inner pad, and room for a text. */
  #inner: Buffer
  /** The outer pad, and room for the inner hash. */
  readonly #outer: Buffer

  constructor(digest: Digest, key: Uint8Array) {
    this.#digest = digest
    this.#key = Buffer.alloc(BLOCK_BYTES)
    this.#key.set(key.length > BLOCK_BYTES ? hash(digest, key, 'buffer') : key)
    this.#inner = pad(this.#key, INNER, 1024)
    this.#outer = pad(this.#key, OUTER, digest === 'sha1' ? 20 : 32)
  }

  /** @returns the HMAC of the text in UTF-8, as base64url */
  sign(text: string): string {
    const size = Buffer.byteLength(text)
    if (BLOCK_BYTES + size > this.#inner.length) this.#inner = pad(this.#key, INNER, size)
    this.#inner.write(text, BLOCK_BYTES)
    const inner = hash(this.#digest, this.#inner.subarray(0, BLOCK_BYTES + size), 'binary')
    this.#outer.write(inner, BLOCK_BYTES, 'binary')
    return hash(this.#digest, this.#outer, 'base64url')
  }

  /** Whether both make the same HMAC of each text. */
  equals(other: HmacKey): boolean {
    return this.#digest === other.#digest && this.#key.equals(other.#key)
  }
}

/** The key XOR a constant, and room behind it. */
function pad(key: Uint8Array, constant: number, room: number): Buffer {
  const padded = Buffer.alloc(BLOCK_BYTES + room)
  padded.set(key.map((byte) => byte ^ constant))
  return padded
}
