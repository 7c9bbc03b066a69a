import { types } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { SessionStore } from '../../types/store.ts'
import { disown } from '../checks/answers.ts'
import { SessionOptionsError } from '../errors.ts'
import { member } from '../own.ts'
import type { Settings } from '../settings.ts'
import { type Registration, replyOf } from './registration.ts'

/** A Fastify instance, of whatever server. */
type Instance = { readonly server: object }

/** What there is in each application, which is known by its server: all its scopes share that. */
const applications = new WeakMap<object, Registration[]>()

/** All registrations of the application that `scope` is a part of. */
const registrationsOf = (scope: Instance): Registration[] => applications.get(scope.server) ?? []

const isWithin = (inner: Instance, outer: Instance): boolean =>
  inner === outer || Object.prototype.isPrototypeOf.call(outer, inner)

/** The names of the sessions that a scope has. */
export function namesIn(scope: Instance): string[] {
  const names = registrationsOf(scope).filter((one) => isWithin(scope, one.scope))
  return [...new Set(names.map(({ settings }) => settings.name))]
}

/**
 * For a request that has left the plugin's scope: after `reply.callNotFound()`, it is of the scope of the not-found handler.
 * @returns the innermost registration of that name whose hook has run for it
 */
export function leftBehind(request: FastifyRequest, scope: Instance, name: string): Registration | undefined {
  return registrationsOf(scope).findLast((one) => one.settings.name === name && replyOf(request, one) !== null)
}

/** Whether another registration of the application sets a cookie of the same name: for another path, or another host. */
export function isCookieShared(registration: Registration): boolean {
  const { cookieName } = registration.settings
  return registrationsOf(registration.scope).some(
    (one) => one !== registration && one.settings.cookieName === cookieName
  )
}

/**
 * Adds a registration to those of its application.
 * @throws `FST_SESSION_OPTIONS` when it and another one would take each other's cookies for their own
 */
export function admit(registration: Registration): void {
  const others = registrationsOf(registration.scope)
  for (const other of others) assertApart(registration, other)
  applications.set(registration.scope.server, [...others, registration])
}

/** A record opens only under the cookie name that it was written for, so two cookie names keep any two sessions apart. */
function assertApart(one: Registration, other: Registration): void {
  if (one.settings.cookieName !== other.settings.cookieName || isSameSession(one, other)) return
  assertOwnRecords(one, other)
  if (isWithin(one.scope, other.scope)) assertOwnCookie(one, other)
  else if (isWithin(other.scope, one.scope)) assertOwnCookie(other, one)
}

function isSameSession({ store, settings }: Registration, other: Registration): boolean {
  const { name, cookie } = settings
  const { path, domain } = other.settings.cookie
  return store === other.store && name === other.settings.name && cookie.path === path && cookie.domain === domain
}

/** The path and the domain of a cookie hold in the browser alone: anybody can send it elsewhere. */
function assertOwnRecords(one: Registration, other: Registration): void {
  if (!sharesRecords(one, other)) return
  const { name, cookieName, cookie } = other.settings
  throw new SessionOptionsError(
    `option "cookieName": "${cookieName}" is also the cookie of another registration (name "${name}", cookie.path "${cookie.path}"), and both stores find the same records. A visitor could send the cookie of one session as the cookie of the other. Set "cookieName" to another name, or give this one another store (a RedisStore with another prefix, a CookieStore with another secretKey or salt). If both are one session, pass the same store object and the same "name", "cookie.path" and "cookie.domain"`
  )
}

/** Either store may know the other, as a wrapper knows what it wraps. Stores that contradict each other count as sharing. */
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

/** A request shows two cookies of one name, and does not say which is whose. */
function assertOwnCookie({ settings: inner }: Registration, { settings: outer }: Registration): void {
  const isOneName = inner.name === outer.name
  // One takes the place of the other there.
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
