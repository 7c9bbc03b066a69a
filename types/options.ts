import type { Encryptor } from './encryptor.ts'
import type { Serializer } from './serializer.ts'
import type { SessionStore } from './store.ts'

/**
 * A length of time: a number of seconds, or parts that are added up, as in `{ days: 14 }`. A `Temporal.Duration` fits
 * if it has no years, months or fractions of a second. The sum must be a whole number of seconds.
 */
export type Duration =
  | number
  | {
      /** Weeks of 7 days. */
      readonly weeks?: number
      /** Days of 24 hours. */
      readonly days?: number
      /** Hours of 60 minutes. */
      readonly hours?: number
      /** Minutes of 60 seconds. */
      readonly minutes?: number
      /** Seconds. */
      readonly seconds?: number
    }

/** The attributes of the session cookie (RFC 6265, section 4.1.2). */
export interface CookieOptions {
  /** The path below which the browser sends the cookie. The server does not compare it with the URL. @default '/' */
  path?: string
  /**
   * The domain whose hosts get the cookie. Without it only this host gets the cookie, which is usually right.
   * @default none
   */
  domain?: string
  /** Whether the browser sends the cookie with requests from other sites. @default 'lax' */
  sameSite?: 'lax' | 'strict' | 'none'
  /**
   * Whether the browser sends the cookie over HTTPS only. `'auto'` follows the protocol of the request.
   * @default true
   */
  secure?: boolean | 'auto'
  /** Whether scripts in the browser cannot read the cookie. @default true */
  httpOnly?: boolean
  /** Whether the cookie belongs to one top-level site (CHIPS). Needs `secure: true`. @default false */
  partitioned?: boolean
  /** Which cookies the browser drops first if it has too many. Chromium knows it. @default none */
  priority?: 'low' | 'medium' | 'high'
}

/**
 * The options of the plugin. An unknown option or a wrong value is refused with `FST_SESSION_OPTIONS` when the plugin
 * is registered.
 */
export interface StarsessionsOptions {
  /**
   * What the session is called on the request. `'admin'` gives `request.admin`, `request.loadAdmin()` and
   * `request.isAdminLoaded`. So one scope can have several sessions. It is an identifier of at most 64 characters.
   * `NamedSession` is its type.
   * @default 'session'
   */
  name?: string
  /** Where the sessions live. @default new InMemoryStore() */
  store?: SessionStore
  /**
   * How long a session lasts: seconds, or `{ days: 14 }`. At most 400 days, because browsers keep no cookie for longer.
   * 0: until the browser closes.
   * @default 0
   */
  lifetime?: Duration
  /**
   * `true`: each response that loaded the session prolongs it by `lifetime`, so the session ends after that time of
   * inactivity. Needs a `lifetime`.
   *
   * `{ every: { minutes: 5 } }`: the same, but a response prolongs the session only if the last time was at least five
   * minutes ago. The requests in between cost less: a request that only reads the session makes one read of the store,
   * and its response has no cookie. In return, the session may end up to five minutes earlier: after `lifetime`, minus
   * at most `every`, of inactivity. `every` is at least 1 second, and less than `lifetime`.
   * @default false
   */
  rolling?: boolean | { readonly every: Duration }
  /**
   * The age at which a session ends even if it is active: seconds, or `{ days: 14 }`. Needs `rolling` or
   * `lifetime: 0`, and must not be below `lifetime`.
   * @default none
   */
  absoluteLifetime?: Duration
  /** The name of the cookie. A session opens only under the cookie name that it was written for. @default the `name` */
  cookieName?: string
  /** The attributes of the cookie. @default { path: '/', sameSite: 'lax', secure: true, httpOnly: true } */
  cookie?: CookieOptions
  /**
   * Which requests load the session before the handler runs: all (`true`), none (`false`), or those whose path matches
   * one entry of a list.
   *
   * A string is a prefix of whole segments: `/app` covers `/app/cart`, but not `/apple`. A RegExp is tested against the
   * path. The path is tested without its query, as it came and as the router of Fastify decodes it. A route can
   * override this with `config: { autoloadSession }`.
   * @default false
   */
  autoload?: boolean | readonly (string | RegExp)[]
  /** Turns the data of a session into bytes and back. @default new JsonSerializer() */
  serializer?: Serializer
  /** Encrypts the bytes before they reach the store. @default none */
  encryptor?: Encryptor
  /**
   * What to do if two requests change the same key of one session at once: the later one wins (`'merge'`), or it fails
   * with `FST_SESSION_CONFLICT` 409 (`'reject'`). Changes of different keys are always both kept. Needs a store with
   * `replace`.
   * @default 'merge'
   */
  concurrency?: Concurrency
  /**
   * How many sessions a user can have, and what to do about one login more. An account that many machines share needs a
   * larger `max`.
   * @default { max: 100, whenFull: 'end-oldest' }
   */
  perUser?: PerUserOptions
  /**
   * How long a call of the store, a call of the encryptor, or a function of `session.update()` may take: seconds, or `{
   * minutes: 1 }`. From 1 second to 10 minutes. It does not depend on the time limits of the store's client.
   *
   * After that time the call fails with `FST_SESSION_STORE`, and its late answer is ignored. The store may still do
   * what it was asked for.
   * @default 5
   */
  storeTimeout?: Duration
}

/** How many sessions a user can have. It applies to sessions that `session.bindTo()` has bound to a user. */
export interface PerUserOptions {
  /** From 1 to 1000. @default 100 */
  max?: number
  /**
   * What to do about a login if the user has `max` sessions: end the one with the oldest login, or refuse this one with
   * `FST_SESSION_LIMIT` 409.
   * @default 'end-oldest'
   */
  whenFull?: 'end-oldest' | 'refuse'
}

/**
 * What to do if two requests change the same key at once: the later one wins (`'merge'`), or fails with 409
 * (`'reject'`).
 */
export type Concurrency = 'merge' | 'reject'
