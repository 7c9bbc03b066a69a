import { createHash, timingSafeEqual } from 'node:crypto'
import { type Digest, HmacKey } from '../../crypto/hmac.ts'
import { refusalByAge } from './format.ts'

const SEPARATOR = '.'

/** Why a text is refused. `signature`: it was changed or signed with another key, and the signer cannot tell which. */
export type Refusal = 'malformed' | 'signature' | 'too-old' | 'future'

type Opened =
  | { readonly value: string; readonly refusal?: undefined }
  | { readonly value?: undefined; readonly refusal: Refusal }

const MALFORMED: Opened = { refusal: 'malformed' }

export interface TimestampSignerOptions {
  /** `sha1` is for cookies of Python's starsessions. */
  readonly digest: Digest
  /** Keeps a signature for one purpose from being valid for another. */
  readonly salt: string
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Encodes like `int_to_bytes` of itsdangerous: base64url of a big-endian number without leading zeros. 0 is empty text.
 */
function encodeTimestamp(seconds: number): string {
  let bytes = 0
  for (let rest = seconds; rest >= 1; rest /= 256) bytes++
  const length = Math.ceil((bytes * 8) / 6)
  // Bits of 0 fill the last character.
  let rest = seconds * 2 ** (length * 6 - bytes * 8)
  let text = ''
  while (text.length < length) {
    text = ALPHABET[rest % 64] + text
    rest = Math.floor(rest / 64)
  }
  return text
}

function decodeTimestamp(text: string): number | null {
  let bits = 0
  for (const character of text) bits = bits * 64 + ALPHABET.indexOf(character)
  const seconds = bits / 2 ** ((text.length * 6) % 8)
  return Number.isSafeInteger(seconds) && encodeTimestamp(seconds) === text ? seconds : null
}

/**
 * Signs text and the time. The result is `value.timestamp.signature`, as with `TimestampSigner` of itsdangerous and its
 * key derivation "django-concat".
 */
export class TimestampSigner {
  readonly #keys: readonly HmacKey[]

  /** @param secrets the newest first. The first signs, all verify */
  constructor(secrets: readonly (string | Uint8Array)[], { digest, salt }: TimestampSignerOptions) {
    this.#keys = secrets.map((secret) => {
      const key = createHash(digest).update(salt).update('signer').update(secret).digest()
      return new HmacKey(digest, key)
    })
  }

  /**
   * @param value ASCII text, which may contain dots
   * @param seconds the Unix time. Its fraction is dropped
   */
  sign(value: string, seconds: number): string {
    const payload = value + SEPARATOR + encodeTimestamp(Math.floor(seconds))
    return payload + SEPARATOR + this.#keys[0]!.sign(payload)
  }

  /**
   * @param maxAge how many seconds old the signature may be
   * @param seconds the Unix time now. Its fraction is dropped
   * @returns the value, or `null` if the text was not signed with these keys, is too old, or is from the future
   */
  unsign(signed: string, maxAge: number, seconds: number): string | null {
    const { value } = this.#open(signed, maxAge, seconds)
    return value ?? null
  }

  /** Returns why `unsign()` returns `null`, or `undefined` if it returns the value. Only the log may show it. */
  refusalOf(signed: string, maxAge: number, seconds: number): Refusal | undefined {
    return this.#open(signed, maxAge, seconds).refusal
  }

  #open(signed: string, maxAge: number, seconds: number): Opened {
    const end = signed.lastIndexOf(SEPARATOR)
    if (end === -1) return MALFORMED
    const payload = signed.slice(0, end)
    // Compare the text, because several base64url texts decode to the same bytes. Encode the text in UTF-8, because
    // latin1 turns some other characters into those of base64url.
    const given = Buffer.from(signed.slice(end + 1))
    if (!this.#keys.some((key) => isSignature(key, payload, given))) return { refusal: 'signature' }

    const middle = payload.lastIndexOf(SEPARATOR)
    if (middle === -1) return MALFORMED
    const signedAt = decodeTimestamp(payload.slice(middle + 1))
    if (signedAt === null) return MALFORMED
    const refusal = refusalByAge(signedAt, maxAge, seconds)
    return refusal === undefined ? { value: payload.slice(0, middle) } : { refusal }
  }

  /** Whether a text that one of the two signers has signed is valid for the other. */
  sharesKeyWith(other: TimestampSigner): boolean {
    return this.#keys.some((key) => other.#keys.some((otherKey) => key.equals(otherKey)))
  }
}

function isSignature(key: HmacKey, payload: string, given: Uint8Array): boolean {
  const expected = Buffer.from(key.sign(payload))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
