import { types } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { SessionStore } from '../../types/store.ts'
import { member } from '../base/own.ts'
import { disown } from '../checks/answers.ts'
import { SessionOptionsError } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { type Registration, replyOf } from './registration.ts'

/** A Fastify instance with any kind of server. */
type Instance = { readonly server: object }

/**
 * The registrations of each application. The key is its server, because all scopes of an application share the server.
 */
const applications = new WeakMap<object, Registration[]>()

/** All registrations of the application that `scope` belongs to. */
const registrationsOf = (scope: Instance): Registration[] => applications.get(scope.server) ?? []

const isWithin = (inner: Instance, outer: Instance): boolean =>
  inner === outer || Object.prototype.isPrototypeOf.call(outer, inner)

/** The names of the sessions in a scope. */
export function namesIn(scope: Instance): string[] {
  const names = registrationsOf(scope).filter((one) => isWithin(scope, one.scope))
  return [...new Set(names.map(({ settings }) => settings.name))]
}

/**
 * Finds the registration of a request that has left the scope of the plugin. After `reply.callNotFound()`, the request
 * belongs to the scope of the not-found handler.
 * @returns the innermost registration of that name whose hook has run for the request
 */
export function leftBehind(request: FastifyRequest, scope: Instance, name: string): Registration | undefined {
  return registrationsOf(scope).findLast((one) => one.settings.name === name && replyOf(request, one) !== null)
}

/** Whether another registration of the application has the same cookie name, with another path or for another host. */
export function isCookieShared(registration: Registration): boolean {
  const { cookieName } = registration.settings
  return registrationsOf(registration.scope).some(
    (one) => one !== registration && one.settings.cookieName === cookieName
  )
}

/**
 * Adds a registration to its application.
 * @throws `FST_SESSION_OPTIONS` if this registration and another one would accept each other's cookies
 */
export function addToApplication(registration: Registration): void {
  const others = registrationsOf(registration.scope)
  for (const other of others) assertApart(registration, other)
  applications.set(registration.scope.server, [...others, registration])
}

/** Two cookie names are enough, because a record opens only under the cookie name that it was written for. */
function assertApart(one: Registration, other: Registration): void {
  assertSameLimit(one, other)
  if (one.settings.cookieName !== other.settings.cookieName || isSameSession(one, other)) return
  assertOwnRecords(one, other)
  if (isWithin(one.scope, other.scope)) assertOwnCookie(one, other)
  else if (isWithin(other.scope, one.scope)) assertOwnCookie(other, one)
}

/** One store cannot keep two limits, because any of its registrations could have stored a session. */
function assertSameLimit(one: Registration, other: Registration): void {
  const { max, whenFull } = one.settings.perUser
  const { name, perUser } = other.settings
  if ((max === perUser.max && whenFull === perUser.whenFull) || !sharesRecords(one, other)) return
  throw new SessionOptionsError(
    `option "perUser": another registration (name "${name}") over the same store has { max: ${perUser.max}, whenFull: '${perUser.whenFull}' }. Set "perUser" to the same in both, or give this one another store (a RedisStore with another prefix, a new InMemoryStore)`
  )
}

function isSameSession({ store, settings }: Registration, other: Registration): boolean {
  const { name, cookie } = settings
  const { path, domain } = other.settings.cookie
  return store === other.store && name === other.settings.name && cookie.path === path && cookie.domain === domain
}

/** Path and domain do not keep sessions apart, because only browsers obey them. Anybody can send a cookie elsewhere. */
function assertOwnRecords(one: Registration, other: Registration): void {
  if (!sharesRecords(one, other)) return
  const { name, cookieName, cookie } = other.settings
  throw new SessionOptionsError(
    `option "cookieName": "${cookieName}" is also the cookie of another registration (name "${name}", cookie.path "${cookie.path}"), and both stores find the same records. A visitor could send the cookie of one session as the cookie of the other. Set "cookieName" to another name, or give this one another store (a RedisStore with another prefix, a CookieStore with another secretKey or salt). If both are one session, pass the same store object and the same "name", "cookie.path" and "cookie.domain"`
  )
}

/**
 * Asks both stores, because a wrapper may know the store inside it, but not the other way round. One `true` is enough.
 */
function sharesRecords({ store, settings }: Registration, other: Registration): boolean {
  const [bound, otherBound] = [settings.store, other.settings.store]
  if (store === other.store || bound === otherBound) return true
  return saysItShares(bound, otherBound) || saysItShares(otherBound, bound)
}

function saysItShares(store: SessionStore, other: SessionStore): boolean {
  if (member(store, 'sharesRecordsWith') === undefined) return false
  const answer = askWhetherItShares(store, other)
  if (typeof answer === 'boolean') return answer
  disown(answer)
  throw new SessionOptionsError(
    `option "store": sharesRecordsWith() must return true or false, but returned ${types.isPromise(answer) ? 'a promise' : typeof answer}`
  )
}

function askWhetherItShares(store: SessionStore, other: SessionStore): unknown {
  try {
    return store.sharesRecordsWith!(other)
  } catch (cause) {
    throw new SessionOptionsError('option "store": sharesRecordsWith() must return true or false, but threw', { cause })
  }
}

/** If a request has two cookies with one name, it does not say which cookie belongs to which session. */
function assertOwnCookie({ settings: inner }: Registration, { settings: outer }: Registration): void {
  const isOneName = inner.name === outer.name
  // The inner registration replaces the outer one there.
  if (isOneName && isBelow(inner.cookie, outer.cookie)) return
  const remedy = isOneName
    ? ', or "cookie.path" to a path below. If both are one session, pass the same store object and the same "cookie.path" and "cookie.domain"'
    : ''
  throw new SessionOptionsError(
    `option "cookieName": "${inner.cookieName}" is also the cookie of the session "${outer.name}" of this scope or one around it. Set "cookieName" to another name${remedy}`
  )
}

/** The longer path comes first (RFC 6265, section 5.4). */
function isBelow(inner: Settings['cookie'], outer: Settings['cookie']): boolean {
  const outside = outer.path.endsWith('/') ? outer.path : `${outer.path}/`
  return inner.path.startsWith(outside) && inner.path.length > outside.length
}
