import type { Encryptor } from '../types/encryptor.ts'
import type { Concurrency } from '../types/options.ts'
import type { Serializer } from '../types/serializer.ts'
import type { SessionStore } from '../types/store.ts'

/** The lifetimes of sessions, in whole seconds. */
export interface Expiry {
  readonly lifetime: number
  readonly rolling: boolean
  /** A rolling session is prolonged at most once in that time. 0: with each response. */
  readonly every: number
  readonly absoluteLifetime: number | undefined
}

/** The attributes of the cookie, with the defaults filled in. */
export interface ResolvedCookie {
  readonly path: string
  readonly domain: string | undefined
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly secure: boolean | 'auto'
  readonly httpOnly: boolean
  readonly partitioned: boolean
  readonly priority: 'low' | 'medium' | 'high' | undefined
}

/** How many sessions a user can have. */
export interface PerUser {
  readonly max: number
  readonly whenFull: 'end-oldest' | 'refuse'
}

/** The options of the plugin, checked, with the defaults filled in, and frozen. */
export interface Settings {
  readonly name: string
  readonly store: SessionStore
  readonly expiry: Expiry
  readonly cookieName: string
  readonly cookie: ResolvedCookie
  readonly autoload: boolean | readonly (string | RegExp)[]
  readonly serializer: Serializer
  readonly encryptor: Encryptor | undefined
  readonly concurrency: Concurrency
  readonly perUser: PerUser
  /** In whole seconds. */
  readonly storeTimeout: number
}

type LogMethod = (details: object, message: string) => unknown

/** The methods of a logger that the library calls. Fastify's `request.log` has them. */
export interface Log {
  readonly debug: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}
