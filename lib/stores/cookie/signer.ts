import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'

/** Seconds that the clocks of two servers may differ by. */
const CLOCK_SKEW = 60

const SEPARATOR = '.'

/** Why a text is refused. A changed text cannot be told from one that was signed with another key: `signature`. */
export type Refusal = 'malformed' | 'signature' | 'too-old' | 'future'

type Opened =
  | { readonly value: string; readonly refusal?: undefined }
  | { readonly value?: undefined; readonly refusal: Refusal }

const MALFORMED: Opened = { refusal: 'malformed' }

export interface TimestampSignerOptions {
  /** `sha1` is for Python's cookies. */
  readonly digest: 'sha1' | 'sha256'
  /** Keeps what is signed for one purpose from passing for another. */
  readonly salt: string
}

/** itsdangerous' `int_to_bytes` in base64url: big-endian without leading zeros, so that 0 is the empty string. */
function encodeTimestamp(seconds: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(seconds))
  let zeros = 0
  while (bytes[zeros] === 0) zeros++
  return bytes.toString('base64url', zeros)
}

function decodeTimestamp(text: string): number | null {
  let seconds = 0
  for (const byte of Buffer.from(text, 'base64url')) seconds = seconds * 256 + byte
  return Number.isSafeInteger(seconds) && encodeTimestamp(seconds) === text ? seconds : null
}

/**
 * Signs text together with the time. Compatible with itsdangerous' `TimestampSigner` and its "django-concat" key
 * derivation: `value.timestamp.signature`.
 */
export class TimestampSigner {
  readonly #digest: 'sha1' | 'sha256'
  readonly #keys: readonly KeyObject[]

  /** @param secrets newest first: the first signs, all verify */
  constructor(secrets: readonly (string | Uint8Array)[], { digest, salt }: TimestampSignerOptions) {
    this.#digest = digest
    this.#keys = secrets.map((secret) =>
      createSecretKey(createHash(digest).update(salt).update('signer').update(secret).digest())
    )
  }

  /**
   * @param value ASCII; may contain dots
   * @param seconds Unix time; its fraction is dropped
   */
  sign(value: string, seconds: number): string {
    const payload = value + SEPARATOR + encodeTimestamp(Math.floor(seconds))
    return payload + SEPARATOR + this.#signature(this.#keys[0]!, payload)
  }

  /**
   * @param maxAge seconds since the signature, inclusive
   * @param seconds Unix time now; its fraction is dropped
   * @returns the value; `null`: not signed with these keys, too old, or from the future. One answer for every reason.
   */
  unsign(signed: string, maxAge: number, seconds: number): string | null {
    const { value } = this.#open(signed, maxAge, seconds)
    return value ?? null
  }

  /** Why `unsign()` gives `null`, for the log alone; `undefined`: it gives the value. */
  refusalOf(signed: string, maxAge: number, seconds: number): Refusal | undefined {
    return this.#open(signed, maxAge, seconds).refusal
  }

  #open(signed: string, maxAge: number, seconds: number): Opened {
    const end = signed.lastIndexOf(SEPARATOR)
    if (end === -1) return MALFORMED
    const payload = signed.slice(0, end)
    // Texts are compared, not bytes: several base64url texts decode to the same bytes. And as UTF-8, because latin1 would
    // fold other characters into base64url's.
    const given = Buffer.from(signed.slice(end + 1))
    if (!this.#keys.some((key) => this.#isSignature(key, payload, given))) return { refusal: 'signature' }

    const middle = payload.lastIndexOf(SEPARATOR)
    if (middle === -1) return MALFORMED
    const signedAt = decodeTimestamp(payload.slice(middle + 1))
    if (signedAt === null) return MALFORMED
    const age = Math.floor(seconds) - signedAt
    if (age > maxAge) return { refusal: 'too-old' }
    return age < -CLOCK_SKEW ? { refusal: 'future' } : { value: payload.slice(0, middle) }
  }

  /** Whether what one of them signs passes with the other. */
  sharesKeyWith(other: TimestampSigner): boolean {
    return this.#digest === other.#digest && this.#keys.some((key) => other.#keys.some((taken) => key.equals(taken)))
  }

  #isSignature(key: KeyObject, payload: string, given: Uint8Array): boolean {
    const expected = Buffer.from(this.#signature(key, payload))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  #signature(key: KeyObject, payload: string): string {
    return createHmac(this.#digest, key).update(payload).digest('base64url')
  }
}
