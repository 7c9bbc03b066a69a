import type { Duration, StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { member, ownCopy } from '../base/own.ts'
import { type Longest, toSeconds } from '../checks/duration.ts'
import { ownOptions } from '../checks/option-names.ts'
import { SessionOptionsError } from '../errors.ts'
import { JsonSerializer } from '../serializers/json.ts'
import type { Expiry, ResolvedCookie, Settings } from '../settings.ts'
import { InMemoryStore } from '../stores/memory.ts'
import type { Validated } from './options-validator.ts'
import { isStore, validated } from './valid-options.ts'

/** Options of Fastify's `register()`, which come in the same object as the options of this plugin. */
const FASTIFY_OPTIONS: ReadonlySet<string> = new Set(['prefix', 'logLevel', 'logSerializers'])

/**
 * Checks the options and fills in the defaults. The result is frozen, and the caller's object is not changed.
 * @throws `FST_SESSION_OPTIONS`, with the option and the remedy
 */
export function resolveOptions(options: StarsessionsOptions): Settings {
  const copy = validated(withoutFastifyOptions(options))
  const { name, cookieName = name, autoload, encryptor, serializer = new JsonSerializer() } = copy
  const cookie = resolveCookie(cookieName, copy.cookie)
  const store = storeFor(cookieName, copy.store ?? new InMemoryStore())
  if (encryptor !== undefined && member(store, 'encrypts') === true) {
    throw new SessionOptionsError(
      'option "encryptor" must not be set, because the store encrypts the sessions already. Leave it out here, or pass "secretKey" to the CookieStore instead of its "encryptor"'
    )
  }
  return Object.freeze({
    name,
    store,
    expiry: resolveExpiry(copy),
    cookieName,
    cookie,
    // A copy, because matching changes the `lastIndex` of a RegExp, and the caller may change the list later.
    autoload: typeof autoload === 'boolean' ? autoload : Object.freeze(autoload.map(copyOfPattern)),
    serializer,
    encryptor,
    concurrency: copy.concurrency,
    perUser: Object.freeze({ ...copy.perUser }),
    storeTimeout: resolveStoreTimeout(copy)
  })
}

function storeFor(cookieName: string, store: SessionStore): SessionStore {
  if (store.forCookie === undefined) return withLists(store)
  const bound: unknown = store.forCookie(cookieName)
  if (isStore(bound)) return withLists(bound)
  throw new SessionOptionsError('option "store": forCookie() must return an object with read, write and remove')
}

/** @throws `FST_SESSION_OPTIONS` if the store has lists of users' sessions, but not all that they need */
function withLists(store: SessionStore): SessionStore {
  const byUser: Partial<Record<string, unknown>> | undefined = member(store, 'byUser') as never
  if (byUser === undefined) return store
  const ownsIds = member(store, 'ownsIds') === true
  const needed = ['enlist', 'delist', 'list', 'end', ...(ownsIds ? ['isListed'] : [])]
  const missing = needed.find((name) => typeof byUser[name] !== 'function')
  if (missing !== undefined) throw new SessionOptionsError(`option "store": its byUser needs ${missing}()`)
  if (ownsIds || store.replace !== undefined) return store
  throw new SessionOptionsError(
    'option "store": a store with byUser needs replace() as well. Otherwise a request that is under way could bring an ended session back'
  )
}

const copyOfPattern = (pattern: string | RegExp): string | RegExp =>
  typeof pattern === 'string' ? pattern : new RegExp(pattern)

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The options of this plugin, in objects without a prototype. */
function withoutFastifyOptions(options: StarsessionsOptions): object {
  const { cookie = {}, perUser = {}, ...others } = ownCopy(options)
  for (const name of FASTIFY_OPTIONS) Reflect.deleteProperty(others, name)
  return withoutUndefined({ ...others, cookie: plainCopy(cookie), perUser: plainCopy(perUser) })
}

const plainCopy = (value: unknown): unknown => (isPlain(value) ? withoutUndefined(value) : value)

function withoutUndefined(object: object): object {
  return ownCopy(Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)))
}

function resolveExpiry(options: Validated): Expiry {
  const lifetime = toSeconds('option "lifetime"', options.lifetime)
  const rolling = options.rolling !== false
  if (rolling && lifetime === 0) {
    throw new SessionOptionsError(
      'option "rolling" needs a "lifetime": the seconds of inactivity after which the session ends'
    )
  }
  const every = typeof options.rolling === 'object' ? resolveEvery(options.rolling, lifetime) : 0
  return Object.freeze({ lifetime, rolling, every, absoluteLifetime: resolveAbsolute(options, lifetime, rolling) })
}

function resolveEvery(rolling: object, lifetime: number): number {
  const { every = 0 } = ownOptions<{ every?: Duration }>('option "rolling"', rolling, ['every'])
  const seconds = toSeconds('option "rolling.every"', every)
  if (seconds > 0 && seconds < lifetime) return seconds
  throw new SessionOptionsError(
    'option "rolling.every" must be at least 1 second and less than "lifetime": a session must be prolonged before it ends, for example `lifetime: { hours: 1 }, rolling: { every: { minutes: 5 } }`. For each response, set "rolling" to true'
  )
}

function resolveAbsolute(options: Validated, lifetime: number, rolling: boolean): number | undefined {
  if (options.absoluteLifetime === undefined) return undefined
  const absoluteLifetime = toSeconds('option "absoluteLifetime"', options.absoluteLifetime)
  if (absoluteLifetime === 0) throw new SessionOptionsError('option "absoluteLifetime" must be at least 1 second')
  if (!rolling && lifetime > 0) {
    throw new SessionOptionsError(
      'option "absoluteLifetime" needs "rolling", or "lifetime" 0: without "rolling", "lifetime" is an absolute limit already'
    )
  }
  if (absoluteLifetime < lifetime) {
    throw new SessionOptionsError('option "absoluteLifetime" must not be below "lifetime"')
  }
  return absoluteLifetime
}

/** Nobody waits longer than this for a page. */
const LONGEST_TIMEOUT: Longest = { seconds: 600, words: '10 minutes' }

function resolveStoreTimeout(options: Validated): number {
  const storeTimeout = toSeconds('option "storeTimeout"', options.storeTimeout, LONGEST_TIMEOUT)
  if (storeTimeout > 0) return storeTimeout
  throw new SessionOptionsError('option "storeTimeout" must be at least 1 second: a request must not wait forever')
}

/**
 * Prefixes of a cookie's name that demand certain attributes. Browsers drop the cookie if one of those attributes is missing.
 * Upper and lower case do not matter.
 */
const PREFIXES = [
  { prefix: '__Secure-' },
  { prefix: '__Http-', isHttpOnly: true },
  { prefix: '__Host-Http-', isHttpOnly: true, isHostOnly: true },
  { prefix: '__Host-', isHostOnly: true }
] as const

type Prefix = { readonly prefix: string; readonly isHttpOnly?: boolean; readonly isHostOnly?: boolean }

/** Refuses combinations that browsers reject (RFC 6265bis, sections 4.1.3 and 5.7). */
function resolveCookie(name: string, { domain, priority, ...cookie }: Validated['cookie']): ResolvedCookie {
  const resolved = Object.freeze({ ...cookie, domain, priority })
  const found = PREFIXES.find(({ prefix }) => name.toLowerCase().startsWith(prefix.toLowerCase()))
  if (found !== undefined) checkPrefix(found, resolved)
  if (cookie.sameSite === 'none') needSecure(resolved, 'option "cookie.sameSite" \'none\'')
  if (cookie.partitioned) needSecure(resolved, 'option "cookie.partitioned"')
  return resolved
}

function needSecure({ secure }: ResolvedCookie, what: string): void {
  if (secure !== true) throw new SessionOptionsError(`${what} needs option "cookie.secure" to be true`)
}

function checkPrefix({ prefix, isHttpOnly = false, isHostOnly = false }: Prefix, cookie: ResolvedCookie): void {
  needSecure(cookie, `option "cookieName" with the prefix ${prefix}`)
  if (isHttpOnly && !cookie.httpOnly) {
    throw new SessionOptionsError(
      `option "cookieName" with the prefix ${prefix} needs option "cookie.httpOnly" to be true, or another name: browsers drop the cookie`
    )
  }
  if (!isHostOnly) return
  if (cookie.domain !== undefined) {
    throw new SessionOptionsError(`option "cookie.domain" must not be set with a ${prefix} name: remove one of them`)
  }
  if (cookie.path !== '/') throw new SessionOptionsError(`option "cookie.path" must be "/" with a ${prefix} name`)
}
