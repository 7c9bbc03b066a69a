import { now } from '../base/clock.ts'
import { SessionGoneError } from '../errors.ts'
import type { Bound, Limit } from '../metadata.ts'
import type { Expiry } from '../settings.ts'

/** The clocks of two machines may differ by this much. */
export const CLOCK_SKEW_SECONDS = 60

/** The part of a record's metadata that tells when its session ends. */
export interface Times {
  readonly lifetime: number
  readonly created: number
  readonly last_access: number
  readonly limit?: Limit
  readonly user?: Bound
}

/** Reads only an own property, because a change of `Object.prototype` must not shorten all sessions. */
export const limitOf = (times: Times): Limit | undefined => (Object.hasOwn(times, 'limit') ? times.limit : undefined)

/** When a session that belongs to a user ends. `Infinity` for the session of an anonymous visitor. */
const untilOf = (times: Times): number =>
  Object.hasOwn(times, 'user') ? (times.user?.until ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY

/**
 * The seconds left at the time `at`, with a fraction. With 0 or less, the session has ended. With `Infinity`, no end is
 * known. The session's own limit can only shorten the configured time (OWASP ASVS 5.0, 7.3).
 *
 * With `rolling: true`, the store ends the session after inactivity, by its ttl or by the signed time of a cookie. The
 * record does not say when the session was last prolonged. A session with a limit of its own is an exception: see
 * `hasEnded`. With `rolling: { every }`, `last_access` is the time when the session was last prolonged.
 */
export function secondsLeft(expiry: Expiry, times: Times, at: number): number {
  const { lifetime, rolling, every, absoluteLifetime = Number.POSITIVE_INFINITY } = expiry
  const limit = limitOf(times)
  const until = untilOf(times)
  if (rolling) {
    const sinceProlonged = every > 0 ? Math.max(0, at - prolongedAt(times)) : 0
    const end = Math.min(until, times.created + absoluteLifetime)
    return Math.min(lifetimeOf(expiry, times) - sinceProlonged, end - at)
  }
  const end = Math.min(until, times.created + (lifetime === 0 ? absoluteLifetime : lifetime))
  return (limit === undefined ? end : Math.min(end, limit.from + limit.lifetime)) - at
}

/**
 * Whether a record's session has ended. A read may prolong a rolling session by the configured lifetime, even if the
 * session has a shorter limit of its own. So each response writes such a session again, and `last_access` decides.
 */
export function hasEnded(expiry: Expiry, times: Times, at: number): boolean {
  if (secondsLeft(expiry, times, at) <= 0) return true
  return isRollingWithLimit(expiry, times) && times.last_access + lifetimeOf(expiry, times) <= at
}

/** With `rolling: { every }`, a limit that `session.options()` sets begins when it is set, like a prolongation. */
const prolongedAt = (times: Times): number => Math.max(times.last_access, limitOf(times)?.from ?? 0)

/** Whether the session's own limit has ended it, whatever the options are. */
export function isOverByItself(times: Times, at: number): boolean {
  const limit = limitOf(times)
  return limit !== undefined && times.last_access + limit.lifetime <= at
}

/**
 * Whether an unchanged session has to be written again, and its cookie issued: because the configured lifetime was made
 * longer after the record was written, because the session is rolling and has a limit of its own, or because it is time
 * to prolong it (`rolling: { every }`).
 */
export function needsRenewal(expiry: Expiry, times: Times, at: number): boolean {
  if (isRaised(expiry, times)) return true
  return expiry.every > 0 ? isDue(expiry, times, at) : isRollingWithLimit(expiry, times)
}

/** Whether each response prolongs the session (`rolling: true`). */
export const isProlongedByAll = ({ rolling, every }: Expiry): boolean => rolling && every === 0

/**
 * Whether a change at this time prolongs the session. With `rolling: { every }`, the record and the cookie always have the
 * same end, so nothing prolongs the record while no cookie can go out.
 */
export const changeProlongs = (expiry: Expiry, times: Times, at: number, canSendCookie: boolean): boolean =>
  expiry.every === 0 || (canSendCookie && isDue(expiry, times, at))

/** Whether a response prolongs the session, if it can send the cookie. */
const isDue = (expiry: Expiry, times: Times, at: number): boolean =>
  expiry.rolling && at - times.last_access >= dueAfter(expiry, times)

/** A session with a limit of its own may be shorter than `every`, so it is prolonged when half of its time is over. */
const dueAfter = (expiry: Expiry, times: Times): number => Math.min(expiry.every, lifetimeOf(expiry, times) / 2)

/** Whether the record was written under a shorter lifetime than the one that is configured now. */
export function isRaised({ lifetime }: Expiry, { lifetime: written }: Times): boolean {
  return typeof written === 'number' && written > 0 && (lifetime === 0 || written < lifetime)
}

const isRollingWithLimit = (expiry: Expiry, times: Times): boolean => expiry.rolling && limitOf(times) !== undefined

/**
 * The lifetime of this session in seconds, which is the configured one or its own shorter limit. 0 means no known end.
 */
export function lifetimeOf({ lifetime }: Expiry, times: Times): number {
  const limit = limitOf(times)
  return limit === undefined ? lifetime : Math.min(limit.lifetime, lifetime || Number.POSITIVE_INFINITY)
}

/** The ttl for the store: the seconds left, or 0 for a session without a known end. `null` if the session has ended. */
export function storeTtl(expiry: Expiry, times: Times, at: number): number | null {
  const left = secondsLeft(expiry, times, at)
  if (left <= 0) return null
  return left === Number.POSITIVE_INFINITY ? 0 : left
}

/**
 * The ttl for a record that is about to be written, in seconds. 0 for a session without a known end.
 * @throws `FST_SESSION_GONE` if no time is left, because a store could treat such a write as a removal
 */
export function timeLeft(expiry: Expiry, { metadata }: { readonly metadata: Times }): number {
  const ttl = storeTtl(expiry, metadata, now())
  if (ttl === null) throw new SessionGoneError()
  return ttl
}

/** The whole seconds left, rounded up and never negative. `undefined` if the session lasts until the browser closes. */
export function remainingSeconds(expiry: Expiry, times: Times, at: number): number | undefined {
  const left = secondsLeft(expiry, times, at)
  return left === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil(left))
}

/**
 * The cookie's Max-Age, at least 1. `undefined` if the cookie lasts until the browser closes.
 * @param shortened the `maxAge` of `session.options()`, which can only shorten the cookie's life
 */
export function cookieMaxAge(
  expiry: Expiry,
  times: Times,
  at: number,
  shortened: number | null | undefined
): number | undefined {
  if (expiry.lifetime === 0 || shortened === null) return undefined
  return Math.max(1, Math.min(Math.ceil(secondsLeft(expiry, times, at)), shortened ?? Number.POSITIVE_INFINITY))
}

/** Whether one of a record's dates is later than `at`. */
export function isAhead(times: Times, at: number): boolean {
  return times.created > at || times.last_access > at || (limitOf(times)?.from ?? 0) > at
}

/**
 * Replaces dates in the future by `at`, because the clocks of machines differ, and a clock may be set back. With `rolling:
 * { every }`, such a session is due at once. Otherwise nothing would prolong it until the clock has caught up, and the
 * store would end it.
 */
export function notAhead<T extends Times>(expiry: Expiry, times: T, at: number): T {
  if (!isAhead(times, at)) return times
  const { created, last_access } = times
  const limit = limitOf(times)
  return {
    ...times,
    created: Math.min(created, at),
    last_access: last_access > at ? at - dueAfter(expiry, times) : last_access,
    ...(limit !== undefined && { limit: { ...limit, from: Math.min(limit.from, at) } })
  }
}
