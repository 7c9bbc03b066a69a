import type { Settings } from '../types/options.ts'
import { SessionOptionsError } from './errors.ts'
import type { Registration } from './registration.ts'
import { CookieStore } from './stores/cookie.ts'
import { RedisStore } from './stores/redis.ts'

/** A Fastify instance, of whatever server. */
type Scope = { readonly server: object }

/** What there is in each application, which is known by its server: all its scopes share that. */
const applications = new WeakMap<object, Registration[]>()

/** All registrations of the application that `scope` is a part of. */
const registrationsOf = (scope: Scope): Registration[] => applications.get(scope.server) ?? []

const isWithin = (inner: Scope, outer: Scope): boolean =>
  inner === outer || Object.prototype.isPrototypeOf.call(outer, inner)

/** The names of the sessions that a scope has. */
export function namesIn(scope: Scope): string[] {
  const names = registrationsOf(scope).filter((one) => isWithin(scope, one.scope))
  return [...new Set(names.map(({ settings }) => settings.name))]
}

/**
 * Adds a registration to those of its application.
 * @throws `FST_SESSION_OPTIONS` when it and another one would take each other's cookies for their own
 */
export function admit(registration: Registration): void {
  const others = registrationsOf(registration.scope)
  for (const other of others) {
    assertOwnStore(registration, other)
    if (isWithin(registration.scope, other.scope)) assertOwnCookie(registration, other)
    else if (isWithin(other.scope, registration.scope)) assertOwnCookie(other, registration)
  }
  applications.set(registration.scope.server, [...others, registration])
}

/** What one of them gave out would open in the other: a visitor would hand it in as the other's cookie. */
function assertOwnStore(one: Registration, other: Registration): void {
  if (!sharesRecords(one, other) || isSameSession(one, other)) return
  const { name, cookieName } = other.settings
  throw new SessionOptionsError(
    `option "store": a cookie "${cookieName}" of the session "${name}" of another registration would open in this one: pass a store of its own (a RedisStore: with a prefix of its own; a CookieStore: with a secretKey or a salt of its own), or, if it is to be the same session, the same store object and the same "name", "cookieName", "cookie.path" and "cookie.domain"`
  )
}

function sharesRecords({ store, settings }: Registration, other: Registration): boolean {
  const [bound, otherBound] = [settings.store, other.settings.store]
  if (bound instanceof CookieStore && otherBound instanceof CookieStore) return bound.opensCookiesOf(otherBound)
  if (bound instanceof RedisStore && otherBound instanceof RedisStore) return bound.sharesKeysWith(otherBound)
  return store === other.store && store.forCookie === undefined
}

function isSameSession({ store, settings }: Registration, other: Registration): boolean {
  const { name, cookieName, cookie } = settings
  const { path, domain } = other.settings.cookie
  const isOneCookie = cookieName === other.settings.cookieName && cookie.path === path && cookie.domain === domain
  return store === other.store && name === other.settings.name && isOneCookie
}

/** Of two cookies of one name a request shows only the first. */
function assertOwnCookie(inner: Registration, outer: Registration): void {
  const { name, cookieName, cookie } = inner.settings
  if (cookieName !== outer.settings.cookieName) return
  // One takes the place of the other there: it may be the same session under other options.
  if (name === outer.settings.name && (inner.store === outer.store || isBelow(cookie, outer.settings.cookie))) return
  const remedy = name === outer.settings.name ? ', or option "cookie.path" to a path below, or pass the same store' : ''
  throw new SessionOptionsError(
    `option "cookieName": "${cookieName}" is the cookie of the session "${outer.settings.name}" of this scope or one around it: set it to another name${remedy}`
  )
}

/** The longer path comes first (RFC 6265, section 5.4). */
function isBelow(inner: Settings['cookie'], outer: Settings['cookie']): boolean {
  const outside = outer.path.endsWith('/') ? outer.path : `${outer.path}/`
  return inner.path.startsWith(outside) && inner.path.length > outside.length
}
