import type { RedisClient, RedisSubscriber } from './clients/redis.ts'
import type { Encryptor } from './encryptor.ts'
import type { SessionsByUser } from './users/sessions-by-user.ts'

/** The options of `InMemoryStore`. All are optional. */
export interface InMemoryStoreOptions {
  /**
   * How long a session lives if the `lifetime` is 0 and nobody reads it, in seconds. At most 400 days.
   * @default 86400 (a day)
   */
  readonly gcTtl?: number
  /** How many sessions the store keeps. @default 1000000 */
  readonly maxSessions?: number
  /** How many bytes of ids and records the store keeps. @default 268435456 (256 MiB, for a machine with 2 GB) */
  readonly maxBytes?: number
}

/**
 * A secret that signs cookies: text or bytes. The type accepts `undefined`, so `process.env.SESSION_SECRET` fits as it
 * is. The store refuses `undefined` with `FST_SESSION_OPTIONS`.
 */
export type Secret = string | Uint8Array | undefined

/**
 * The options of `CookieStore`: with `secretKey`, the cookie is signed, and with `encryptor`, it is encrypted. One of the
 * two is required, and the other one must be left out.
 */
export type CookieStoreOptions = SignedCookieOptions | SealedCookieOptions

/** The options of a `CookieStore` that signs its cookies. Only `secretKey` is required. */
export interface SignedCookieOptions extends CommonCookieOptions {
  /** One secret, or a list with the newest first. The first signs, all verify. Each has at least 32 bytes. */
  readonly secretKey: Secret | readonly Secret[]
  /** The hash of the signature. `sha1` is for cookies that Python's starsessions reads or writes. @default 'sha256' */
  readonly digest?: 'sha256' | 'sha1'
  /**
   * Text that keeps a signature for one purpose from being valid for another. Python's is `itsdangerous.Signer`.
   * @default 'starsessions.CookieStore.', followed by the name of the cookie
   */
  readonly salt?: string
  /** Only without `secretKey`. @default none */
  readonly encryptor?: never
}

/** The options of a `CookieStore` that encrypts its cookies. Only `encryptor` is required. */
export interface SealedCookieOptions extends CommonCookieOptions {
  /**
   * Encrypts the session, so that visitors can neither read nor change it. It must authenticate the associated data: an
   * `XChaCha20Encryptor`, an `AESGCMEncryptor` without `bind: false`, or an encryptor of your own that says
   * `authenticatesAssociatedData: true`.
   */
  readonly encryptor: Encryptor
  /** Only without `encryptor`. @default none */
  readonly secretKey?: never
  /** Only with `secretKey`. @default none */
  readonly digest?: never
  /** Only with `secretKey`. @default none */
  readonly salt?: never
}

/** The options that both kinds of a `CookieStore` have. All are optional. */
export interface CommonCookieOptions {
  /**
   * The most bytes that the name, `=` and the value of the cookie may have together. A larger session fails with
   * `FST_SESSION_TOO_LARGE`. Browsers drop cookies above 4096 bytes (RFC 6265bis, section 5.6), so that is the upper
   * limit.
   * @default 4096
   */
  readonly maxSize?: number
  /**
   * Where the sessions of each user are listed: `new RedisSessions({ client })`. With it, a cookie of a session that
   * belongs to a user opens only while the session is in the list. So such a session can be ended, and a copy of its
   * cookie ends with it. Cookies of anonymous visitors cost no call.
   * @default none
   */
  readonly byUser?: SessionsByUser | undefined
  /**
   * For how many seconds this process takes the last answer of `byUser` for granted. A session that was ended may open
   * for so long. From 0 to 3600.
   * @default 0
   */
  readonly recheck?: number
}

/** The options of `RedisStore`. Only `client` is required. */
export interface RedisStoreOptions {
  /** You connect the client, and you close it after the server has closed. The store does neither. */
  readonly client: RedisClient
  /**
   * Text before each key. Or a function that makes the full key: it gets the hash of the session's id (or the id, with
   * `hashIds: false`) and returns text that contains it.
   * @default 'starsessions.'
   */
  readonly prefix?: string | ((key: string) => string)
  /**
   * How long a session lives if the `lifetime` is 0 and nobody reads it, in seconds. At most 400 days.
   * @default 2592000 (30 days)
   */
  readonly gcTtl?: number
  /**
   * `true`: keys contain the SHA-256 of the session's id, so a list of keys does not help to take over sessions.
   * `false`: keys contain the id, as with Python's starsessions.
   * @default true
   */
  readonly hashIds?: boolean
  /**
   * A connection of its own, as `client.duplicate()` makes. The store subscribes with it, so that `session.ended` aborts
   * about a millisecond after the session has ended in another process. Without it, that takes up to 30 seconds. You
   * connect and close it.
   * @default none
   */
  readonly subscriber?: RedisSubscriber | undefined
}

/** The options of `RedisSessions`. Only `client` is required. */
export interface RedisSessionsOptions {
  /** You connect the client, and you close it after the server has closed. */
  readonly client: RedisClient
  /** As in `RedisStoreOptions`. @default 'starsessions.' */
  readonly prefix?: string | ((key: string) => string)
  /** As in `RedisStoreOptions`. @default none */
  readonly subscriber?: RedisSubscriber | undefined
}
