import type { Encryptor } from './encryptor.ts'
import type { Serializer } from './serializer.ts'
import type { SessionStore } from './store.ts'

/**
 * A length of time: a number of seconds, or its parts added up (a `Temporal.Duration` without years, months and
 * fractions of a second fits). It must come to a whole number of seconds, and for a lifetime to at most 400 days, which is
 * as long as browsers keep a cookie.
 */
export type Duration =
  | number
  | {
      readonly weeks?: number
      readonly days?: number
      readonly hours?: number
      readonly minutes?: number
      readonly seconds?: number
    }

/** Attributes of the session cookie (RFC 6265, section 4.1.2). */
export interface CookieOptions {
  /** For the browser only: the server compares no paths with it. @default '/' */
  path?: string
  /** Without it the cookie is for this host alone, which is what you want. @default none */
  domain?: string
  /** @default 'lax' */
  sameSite?: 'lax' | 'strict' | 'none'
  /** `'auto'` follows the request's protocol, for development. @default true */
  secure?: boolean | 'auto'
  /** @default true */
  httpOnly?: boolean
  /** Needs `secure: true`. @default false */
  partitioned?: boolean
  /** @default none */
  priority?: 'low' | 'medium' | 'high'
}

/** Options of the plugin. What is unknown or ill-typed is refused when the plugin is registered. */
export interface StarsessionsOptions {
  /**
   * What the session is called on the request: `'admin'` gives `request.admin`, `request.loadAdmin()` and
   * `request.isAdminLoaded`. So one scope can have several. `NamedSession` types them. An identifier.
   * @default 'session'
   */
  name?: string
  /** @default new InMemoryStore() */
  store?: SessionStore
  /** How long a session lasts. 0: until the browser closes. @default 0 */
  lifetime?: Duration
  /** Extend by `lifetime` on every response that loaded the session: it ends after inactivity. @default false */
  rolling?: boolean
  /** With `rolling`, or with `lifetime` 0: the age at which a session ends, however active it is. @default none */
  absoluteLifetime?: Duration
  /** A session opens only under the cookie name that it was written for. @default the `name` */
  cookieName?: string
  cookie?: CookieOptions
  /**
   * Load the session before the handler runs: everywhere (`true`), or where the path (without the query) is under one of
   * the prefixes (whole segments: `/app` is not `/apple`) or matches one of the RegExps. The path counts as it came, and as
   * Fastify's router sees it: decoded, and so on.
   * A route's `config: { autoloadSession }` wins.
   * @default false
   */
  autoload?: boolean | readonly (string | RegExp)[]
  /** @default new JsonSerializer() */
  serializer?: Serializer
  /** @default none */
  encryptor?: Encryptor
  /**
   * Two requests of one session at once: changes of different keys are both kept; of the same key, the later commit wins
   * (`'merge'`) or fails with `FST_SESSION_CONFLICT` 409 (`'reject'`). Needs a store with `replace`.
   * @default 'merge'
   */
  concurrency?: Concurrency
  /**
   * How long one call of the store, of an encryptor, or of a function of `session.update()` may take, whatever the store's
   * client has for limits of its own. After that it counts as failed, with `FST_SESSION_STORE`. From 1 second to 10
   * minutes. A late answer is dropped. What the store was asked for may still happen.
   * @default 5
   */
  storeTimeout?: Duration
}

/** What to do when two requests changed the same key: the later one wins (`'merge'`), or fails with 409 (`'reject'`). */
export type Concurrency = 'merge' | 'reject'
