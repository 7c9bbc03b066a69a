import type { SessionsByUser } from '../../types/sessions-by-user.ts'
import type { SessionStore } from '../../types/store.ts'
import type { CookieStoreOptions } from '../../types/stores.ts'
import { positiveInteger } from '../checks/integer.ts'
import { keyList, type Refuse } from '../checks/key-list.ts'
import { ownOptions } from '../checks/option-names.ts'
import { COOKIE_STORE_HINTS } from '../checks/other-libraries.ts'
import { now } from '../clock.ts'
import { SessionOptionsError, tooLargeForCookie } from '../errors.ts'
import { TimestampSigner } from './cookie/signer.ts'
import { CookieUsers } from './cookie/users.ts'
import { isUnchanged } from './unchanged.ts'

const OPTION_NAMES = ['secretKey', 'maxSize', 'digest', 'salt', 'byUser', 'recheck']
const DEFAULT_SALT = 'starsessions.CookieStore.'
/** The length of the digest. A secret of this length is no easier to guess than a signature (RFC 2104, section 3). */
export const SECRET_BYTES = 32
/** The length of a year in Python's starsessions. */
const YEAR_SECONDS = 360 * 86_400
const SECRET = { owner: 'CookieStore', option: 'secretKey', variable: 'SESSION_SECRET' }

const maxAgeFor = (lifetime: number): number => (lifetime === 0 ? YEAR_SECONDS : lifetime)

function listOf(byUser: SessionsByUser): SessionsByUser {
  const { enlist, delist, list, end, isListed } = byUser
  if ([enlist, delist, list, end, isListed].every((method) => typeof method === 'function')) return byUser
  throw new SessionOptionsError('CookieStore: byUser must be `new RedisSessions({ client })`, or have all its methods')
}

function secondsOf(recheck: number): number {
  if (typeof recheck === 'number' && recheck >= 0 && recheck <= 3_600) return recheck
  throw new SessionOptionsError('CookieStore: recheck must be a number of seconds from 0 to 3600')
}

function toSecret(raw: string | Uint8Array, refuse: Refuse): string | Uint8Array {
  const size = Buffer.byteLength(raw)
  if (size < SECRET_BYTES)
    throw refuse(
      `has ${size} bytes, but needs at least ${SECRET_BYTES} random bytes, as \`npx fastify-starsessions keygen secret\` prints`
    )
  // A copy, because the caller may overwrite the original.
  return typeof raw === 'string' ? raw : Uint8Array.from(raw)
}

/**
 * Keeps the session in its cookie. The cookie is signed, so nobody can change it. It is not encrypted, unless the
 * plugin has an encryptor.
 *
 * The server keeps nothing, so it cannot end a session. A copy of the cookie opens the session until its time is over,
 * even after a logout. With the option `byUser`, the server can end the sessions that belong to a user.
 */
export class CookieStore implements SessionStore {
  /** The value of the cookie is the id, so `write` makes it. */
  readonly ownsIds = true
  /** The sessions of each user. Only with the option `byUser`. */
  readonly byUser: SessionsByUser | undefined
  readonly #options: CookieStoreOptions
  readonly #secrets: readonly (string | Uint8Array)[]
  readonly #digest: 'sha256' | 'sha1'
  readonly #maxSize: number
  #signer: TimestampSigner
  #nameSize = 0

  /**
   * @param options only `secretKey` is required
   * @throws `FST_SESSION_OPTIONS` if a secret is missing or too short, or an option is unknown or wrong
   */
  constructor(options: CookieStoreOptions) {
    const own = ownOptions('CookieStore', options, OPTION_NAMES, COOKIE_STORE_HINTS)
    const { secretKey, maxSize, digest = 'sha256', salt = DEFAULT_SALT, byUser, recheck = 0 } = own
    if (digest !== 'sha256' && digest !== 'sha1') {
      throw new SessionOptionsError("CookieStore: digest must be 'sha256' or 'sha1'")
    }
    if (typeof salt !== 'string') throw new SessionOptionsError('CookieStore: salt must be text')
    this.byUser = byUser && new CookieUsers(listOf(byUser), secondsOf(recheck))
    this.#digest = digest
    this.#maxSize = positiveInteger('CookieStore', 'maxSize', maxSize, 4_096, 4_096)
    this.#secrets = keyList(SECRET, secretKey, toSecret)
    this.#options = Object.assign(own, { secretKey: this.#secrets })
    this.#signer = new TimestampSigner(this.#secrets, { digest, salt })
  }

  /** `true`, so calls are not timed. `false` in a subclass, or if somebody has replaced a method. */
  get isLocal(): boolean {
    return isUnchanged(this, CookieStore)
  }

  /**
   * Returns the store for one cookie. For that store, `maxSize` includes the name of the cookie. Its default salt ends
   * with the name, so the value of one cookie is not valid for another.
   */
  forCookie(cookieName: string): CookieStore {
    const store = new CookieStore(this.#options)
    const { salt = DEFAULT_SALT + cookieName } = this.#options
    store.#signer = new TimestampSigner(this.#secrets, { digest: this.#digest, salt })
    store.#nameSize = Buffer.byteLength(cookieName)
    return store
  }

  /** @returns whether a cookie of one store opens in the other, because they share a secret, the salt and the digest */
  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof CookieStore && (!(#signer in other) || this.#signer.sharesKeyWith(other.#signer))
  }

  /** Verifies the cookie. Resolves to `null` if the cookie is forged, was changed or is too old. */
  async read(cookieValue: string, lifetime: number): Promise<Uint8Array | null> {
    const value = this.#signer.unsign(cookieValue, maxAgeFor(lifetime), now())
    return value === null ? null : Buffer.from(value, 'base64')
  }

  /**
   * Says why `read` resolved to `null`.
   * @returns `'malformed'`, `'signature'` (another secret or salt, or a changed cookie), `'too-old'` or `'future'`
   */
  explain(cookieValue: string, lifetime: number): string | undefined {
    return this.#signer.refusalOf(cookieValue, maxAgeFor(lifetime), now())
  }

  /**
   * Signs the data. The result contains the session.
   * @returns the value of the cookie
   * @throws `FST_SESSION_TOO_LARGE` if the cookie would be larger than `maxSize`
   */
  async write(_cookieValue: string, data: Uint8Array, _lifetime: number, _ttl: number): Promise<string> {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const value = this.#signer.sign(bytes.toString('base64'), now())
    const size = this.#nameSize + '='.length + value.length
    if (size > this.#maxSize) throw tooLargeForCookie(size, this.#maxSize)
    return value
  }

  /** Does nothing, because the server keeps nothing. */
  async remove(_cookieValue: string): Promise<void> {}
}
