import type { Encryptor } from '../../types/encryptor.ts'
import type { SessionStore } from '../../types/store.ts'
import type { CookieStoreOptions } from '../../types/stores.ts'
import type { SessionsByUser } from '../../types/users/sessions-by-user.ts'
import { member } from '../base/own.ts'
import { positiveInteger } from '../checks/integer.ts'
import { keyList, type Refuse } from '../checks/key-list.ts'
import { ownOptions } from '../checks/option-names.ts'
import { COOKIE_STORE_HINTS } from '../checks/other-libraries.ts'
import { SessionOptionsError, tooLargeForCookie } from '../errors.ts'
import type { CookieFormat } from './cookie/format.ts'
import { SealedFormat } from './cookie/sealed.ts'
import { SignedFormat } from './cookie/signed.ts'
import { CookieUsers } from './cookie/users.ts'
import { isUnchanged } from './unchanged.ts'

const OPTION_NAMES = ['secretKey', 'encryptor', 'maxSize', 'digest', 'salt', 'byUser', 'recheck']
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

/** Makes the format of the cookies of one name. */
type FormatFor = (cookieName: string) => CookieFormat

/**
 * An option that is `undefined` counts as passed here. It may be a variable that is not set, and that must not decide
 * whether the cookie is encrypted.
 */
function assertOneFormat(options: CookieStoreOptions): void {
  const [isSigned, isSealed] = ['secretKey' in options, 'encryptor' in options]
  if (isSigned && isSealed) {
    throw new SessionOptionsError(
      'CookieStore: pass "secretKey" or "encryptor", not both. An encrypted cookie needs no secretKey. For signed cookies with an encrypted content, as Python has them, pass "secretKey" here and "encryptor" to the plugin'
    )
  }
  if (isSigned || isSealed) return
  throw new SessionOptionsError('CookieStore: pass "secretKey" to sign the cookie, or "encryptor" to encrypt it')
}

type Secrets = readonly (string | Uint8Array)[]

function signedFormat(secrets: Secrets, { digest = 'sha256', salt }: CookieStoreOptions): FormatFor {
  if (digest !== 'sha256' && digest !== 'sha1') {
    throw new SessionOptionsError("CookieStore: digest must be 'sha256' or 'sha1'")
  }
  if (salt !== undefined && typeof salt !== 'string') throw new SessionOptionsError('CookieStore: salt must be text')
  return (cookieName) => new SignedFormat(secrets, { digest, salt: salt ?? DEFAULT_SALT + cookieName })
}

function sealedFormat({ encryptor, digest, salt }: CookieStoreOptions): FormatFor {
  if (digest !== undefined || salt !== undefined) {
    throw new SessionOptionsError('CookieStore: "digest" and "salt" belong to "secretKey". Leave them out')
  }
  if (!isEncryptor(encryptor)) {
    throw new SessionOptionsError(
      'CookieStore: encryptor must be an object with encrypt and decrypt, such as `new AESGCMEncryptor(process.env.SESSION_KEY)`'
    )
  }
  if (member(encryptor, 'authenticatesAssociatedData') !== true) {
    throw new SessionOptionsError(
      'CookieStore: encryptor must authenticate the associated data. Otherwise the time of a cookie could be changed. Pass an XChaCha20Encryptor, an AESGCMEncryptor without `bind: false`, or an encryptor of your own with `authenticatesAssociatedData: true`. For another encryptor, pass "secretKey" here and "encryptor" to the plugin'
    )
  }
  return (cookieName) => new SealedFormat(encryptor, cookieName)
}

const isEncryptor = (value: unknown): value is Encryptor =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Encryptor).encrypt === 'function' &&
  typeof (value as Encryptor).decrypt === 'function'

/**
 * Keeps the session in its cookie, so nobody can change it. With `secretKey`, the cookie is signed, and the visitor can
 * read it. With `encryptor`, the cookie is encrypted.
 *
 * The server keeps nothing, so it cannot end a session. A copy of the cookie opens the session until its time is over,
 * even after a logout. With the option `byUser`, the server can end the sessions that belong to a user.
 */
export class CookieStore implements SessionStore {
  /** The value of the cookie is the id, so `write` makes it. */
  readonly ownsIds = true
  /** Whether the option `encryptor` was passed. The plugin then refuses an encryptor of its own. */
  readonly encrypts: boolean
  /** The sessions of each user. Only with the option `byUser`. */
  readonly byUser: SessionsByUser | undefined
  readonly #options: CookieStoreOptions
  readonly #maxSize: number
  readonly #formatFor: FormatFor
  #cookieName: string | undefined
  #format: CookieFormat

  /**
   * @param options `secretKey` or `encryptor` is required
   * @throws `FST_SESSION_OPTIONS` if a secret is missing or too short, the encryptor does not fit, or an option is unknown
   *   or wrong
   */
  constructor(options: CookieStoreOptions) {
    const own = ownOptions('CookieStore', options, OPTION_NAMES, COOKIE_STORE_HINTS)
    const { secretKey, encryptor, maxSize, byUser, recheck = 0 } = own
    assertOneFormat(own)
    if ('secretKey' in own) {
      const secrets = keyList(SECRET, secretKey, toSecret)
      this.#formatFor = signedFormat(secrets, own)
      this.#options = Object.assign(own, { secretKey: secrets })
    } else {
      this.#formatFor = sealedFormat(own)
      this.#options = own
    }
    this.#format = this.#formatFor('')
    this.encrypts = encryptor !== undefined
    this.byUser = byUser && new CookieUsers(listOf(byUser), secondsOf(recheck))
    this.#maxSize = positiveInteger('CookieStore', 'maxSize', maxSize, 4_096, 4_096)
  }

  /**
   * `true` if the cookies are signed, so calls are not timed. `false` with `encryptor`, because it may ask a service, with
   * `byUser`, because it asks Redis, and in a subclass, or if somebody has replaced a method.
   */
  get isLocal(): boolean {
    return !this.encrypts && this.byUser === undefined && isUnchanged(this, CookieStore)
  }

  /**
   * Returns the store for one cookie. For that store, `maxSize` includes the name of the cookie, and the value of the
   * cookie is not valid under another name, unless the option `salt` says so.
   *
   * A subclass, or a store with a replaced method, returns itself. Such an object serves one cookie name.
   * @throws `FST_SESSION_OPTIONS` if such an object serves another cookie already
   */
  forCookie(cookieName: string): CookieStore {
    const store = isUnchanged(this, CookieStore) ? new CookieStore(this.#options) : this
    store.#bind(cookieName)
    return store
  }

  #bind(cookieName: string): void {
    if (this.#cookieName !== undefined && this.#cookieName !== cookieName) {
      throw new SessionOptionsError(
        `this object of a subclass of CookieStore serves the cookie "${this.#cookieName}" already. Make another object for "${cookieName}"`
      )
    }
    this.#cookieName = cookieName
    this.#format = this.#formatFor(cookieName)
  }

  /**
   * @returns whether a cookie of one store may open in the other. Signed cookies do so if the stores share a secret, the
   *   salt and the digest. Two stores that encrypt cannot tell, so the answer is `true`
   */
  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof CookieStore && (!(#format in other) || this.#format.sharesCookiesWith(other.#format))
  }

  /** Verifies or decrypts the cookie. Answers `null` if the cookie is forged, was changed or is too old. */
  read(cookieValue: string, lifetime: number): Uint8Array | null | Promise<Uint8Array | null> {
    return this.#format.read(cookieValue, maxAgeFor(lifetime))
  }

  /**
   * Says why `read` has answered `null`.
   * @returns `'malformed'`, `'signature'` (another secret or salt, or a changed cookie), `'undecryptable'` (another key or
   *   a changed cookie), `'too-old'` or `'future'`
   */
  explain(cookieValue: string, lifetime: number): string | undefined {
    return this.#format.explain(cookieValue, maxAgeFor(lifetime))
  }

  /**
   * Signs or encrypts the data. The result contains the session.
   * @returns the value of the cookie
   * @throws `FST_SESSION_TOO_LARGE` if the cookie would be larger than `maxSize`
   */
  write(_cookieValue: string, data: Uint8Array, _lifetime: number, _ttl: number): string | Promise<string> {
    const value = this.#format.write(data)
    return typeof value === 'string' ? this.#fitting(value) : value.then((late) => this.#fitting(late))
  }

  #fitting(value: string): string {
    const size = Buffer.byteLength(this.#cookieName ?? '') + '='.length + value.length
    if (size > this.#maxSize) throw tooLargeForCookie(size, this.#maxSize)
    return value
  }

  /** Does nothing, because the server keeps nothing. */
  remove(_cookieValue: string): void {}
}
