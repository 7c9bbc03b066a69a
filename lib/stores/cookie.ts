import type { SessionStore } from '../../types/store.ts'
import { positiveInteger } from '../checks/integer.ts'
import { keyList, type Refuse } from '../checks/key-list.ts'
import { ownOptions } from '../checks/option-names.ts'
import { COOKIE_STORE_HINTS } from '../checks/other-libraries.ts'
import { now } from '../clock.ts'
import { SessionOptionsError, tooLargeForCookie } from '../errors.ts'
import { TimestampSigner } from './cookie/signer.ts'
import { isUnchanged } from './unchanged.ts'

const DEFAULT_SALT = 'starsessions.CookieStore.'
/** A secret as long as the digest, so that guessing it is no easier than guessing a signature (RFC 2104, section 3). */
export const SECRET_BYTES = 32
/** What starsessions takes for a year. */
const YEAR_SECONDS = 360 * 86_400
const SECRET = { owner: 'CookieStore', option: 'secretKey', variable: 'SESSION_SECRET' }

/** `undefined` is what an environment variable may be: it fits the type and is refused at run time. */
export type Secret = string | Uint8Array | undefined

export interface CookieStoreOptions {
  /** At least 32 bytes, each. Of several, newest first: the first signs, all verify. */
  readonly secretKey: Secret | readonly Secret[]
  /** Bytes of name, `=` and value together, beyond which browsers drop a cookie (RFC 6265bis, 5.6). At most 4096. @default 4096 */
  readonly maxSize?: number
  /** `sha1` is for the cookies of Python's starsessions. @default 'sha256' */
  readonly digest?: 'sha256' | 'sha1'
  /** Used as it is. Python's is `itsdangerous.Signer`. @default 'starsessions.CookieStore.' + the cookie's name */
  readonly salt?: string
}

const maxAgeFor = (lifetime: number): number => (lifetime === 0 ? YEAR_SECONDS : lifetime)

function toSecret(raw: string | Uint8Array, refuse: Refuse): string | Uint8Array {
  const size = Buffer.byteLength(raw)
  if (size < SECRET_BYTES)
    throw refuse(
      `has ${size} bytes: it takes at least ${SECRET_BYTES} random ones, as \`npx fastify-starsessions keygen secret\` prints`
    )
  // A copy, because the caller may wipe its own.
  return typeof raw === 'string' ? raw : Uint8Array.from(raw)
}

/**
 * Keeps the session in its cookie: signed, so that nobody can change it, but not encrypted (an encryptor does that).
 *
 * Nothing is kept here, so nothing can be taken back: a copy of the cookie opens the session until its time is over,
 * whatever happened to the session since.
 */
export class CookieStore implements SessionStore {
  readonly ownsIds = true
  readonly #options: CookieStoreOptions
  readonly #secrets: readonly (string | Uint8Array)[]
  readonly #digest: 'sha256' | 'sha1'
  readonly #maxSize: number
  #signer: TimestampSigner
  #nameSize = 0

  /** @throws `SessionOptionsError` */
  constructor(options: CookieStoreOptions) {
    const own = ownOptions('CookieStore', options, ['secretKey', 'maxSize', 'digest', 'salt'], COOKIE_STORE_HINTS)
    const { secretKey, maxSize, digest = 'sha256', salt = DEFAULT_SALT } = own
    if (digest !== 'sha256' && digest !== 'sha1') {
      throw new SessionOptionsError("CookieStore: digest must be 'sha256' or 'sha1'")
    }
    if (typeof salt !== 'string') throw new SessionOptionsError('CookieStore: salt must be text')
    this.#digest = digest
    this.#maxSize = positiveInteger('CookieStore', 'maxSize', maxSize, 4_096, 4_096)
    this.#secrets = keyList(SECRET, secretKey, toSecret)
    this.#options = Object.assign(own, { secretKey: this.#secrets })
    this.#signer = new TimestampSigner(this.#secrets, { digest, salt })
  }

  /** `false` for a subclass, and once somebody has replaced a method: their calls are timed. */
  get isLocal(): boolean {
    return isUnchanged(this, CookieStore)
  }

  /**
   * The store for one cookie: it counts the name's size, and ends the default salt with the name, so that one cookie's
   * value does not pass for another's.
   */
  forCookie(cookieName: string): CookieStore {
    const store = new CookieStore(this.#options)
    const { salt = DEFAULT_SALT + cookieName } = this.#options
    store.#signer = new TimestampSigner(this.#secrets, { digest: this.#digest, salt })
    store.#nameSize = Buffer.byteLength(cookieName)
    return store
  }

  /** @returns whether a cookie of one store would open in the other: both have a common secret, salt and digest */
  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof CookieStore && (!(#signer in other) || this.#signer.sharesKeyWith(other.#signer))
  }

  /** @param cookieValue whatever its fault (forged, tampered with, too old), the answer is `null` */
  async read(cookieValue: string, lifetime: number): Promise<Uint8Array | null> {
    const value = this.#signer.unsign(cookieValue, maxAgeFor(lifetime), now())
    return value === null ? null : Buffer.from(value, 'base64')
  }

  /** @returns `'malformed'`, `'signature'` (made with another secret or salt, or changed), `'too-old'` or `'future'` */
  explain(cookieValue: string, lifetime: number): string | undefined {
    return this.#signer.refusalOf(cookieValue, maxAgeFor(lifetime), now())
  }

  /**
   * Keeps nothing: the session is in what it returns.
   * @returns the cookie's value
   * @throws `SessionTooLargeError`
   */
  async write(_cookieValue: string, data: Uint8Array, _lifetime: number, _ttl: number): Promise<string> {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const value = this.#signer.sign(bytes.toString('base64'), now())
    const size = this.#nameSize + '='.length + value.length
    if (size > this.#maxSize) throw tooLargeForCookie(size, this.#maxSize)
    return value
  }

  /** There is nothing here to remove. */
  async remove(_cookieValue: string): Promise<void> {}
}
