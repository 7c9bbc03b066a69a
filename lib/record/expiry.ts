import type { Limit } from '../metadata.ts'
import type { Expiry } from '../settings.ts'

/** The clocks of two machines may differ by so much. */
export const CLOCK_SKEW_SECONDS = 60

/** The part of a record's metadata that tells when its session ends. */
export interface Times {
  readonly lifetime: number
  readonly created: number
  readonly last_access: number
  readonly limit?: Limit
}

/** An own property only: a prototype that somebody has changed must not shorten every session. */
export const limitOf = (times: Times): Limit | undefined => (Object.hasOwn(times, 'limit') ? times.limit : undefined)

/**
 * Seconds left at `at`, with a fraction; 0 or less: the session has ended. Infinite: no end is known. The configuration
 * decides, and the session's own limit can only shorten it (OWASP ASVS 5.0, 7.3).
 *
 * The inactivity of a rolling session is the store's to enforce (its ttl, or a cookie's signed time): nothing in the
 * record says when it was last prolonged. `hasEnded` knows of the exception.
 */
export function secondsLeft(expiry: Expiry, times: Times, at: number): number {
  const { lifetime, rolling, absoluteLifetime = Number.POSITIVE_INFINITY } = expiry
  const limit = limitOf(times)
  if (rolling) return Math.min(lifetimeOf(expiry, times), times.created + absoluteLifetime - at)
  const end = times.created + (lifetime === 0 ? absoluteLifetime : lifetime)
  return (limit === undefined ? end : Math.min(end, limit.from + limit.lifetime)) - at
}

/**
 * Whether a record's session has ended. A rolling session with a limit of its own is written anew by each response that
 * prolongs it, because a read may have prolonged the record by the configured lifetime.
 */
export function hasEnded(expiry: Expiry, times: Times, at: number): boolean {
  if (secondsLeft(expiry, times, at) <= 0) return true
  return isRollingWithLimit(expiry, times) && times.last_access + lifetimeOf(expiry, times) <= at
}

/**
 * Whether an unchanged session has to be written again, and its cookie issued: the configured lifetime has become longer
 * than the one that the record, the store and the cookie know, or the session is rolling and has a limit of its own.
 */
export function needsRenewal(expiry: Expiry, times: Times): boolean {
  return isRaised(expiry, times) || isRollingWithLimit(expiry, times)
}

/** Whether the record was written under a shorter lifetime than the one that is configured now. */
export function isRaised({ lifetime }: Expiry, { lifetime: written }: Times): boolean {
  return typeof written === 'number' && written > 0 && (lifetime === 0 || written < lifetime)
}

const isRollingWithLimit = (expiry: Expiry, times: Times): boolean => expiry.rolling && limitOf(times) !== undefined

/** This session's lifetime in seconds: the configured one, or its own limit where that is shorter. 0: no end is known. */
export function lifetimeOf({ lifetime }: Expiry, times: Times): number {
  const limit = limitOf(times)
  return limit === undefined ? lifetime : Math.min(limit.lifetime, lifetime || Number.POSITIVE_INFINITY)
}

/** What a store is told: `secondsLeft`, but 0 for a session without a known end; `null`: it has ended. */
export function storeTtl(expiry: Expiry, times: Times, at: number): number | null {
  const left = secondsLeft(expiry, times, at)
  if (left <= 0) return null
  return left === Number.POSITIVE_INFINITY ? 0 : left
}

/** Whole seconds left, rounded up, never negative; `undefined`: until the browser closes. */
export function remainingSeconds(expiry: Expiry, times: Times, at: number): number | undefined {
  const left = secondsLeft(expiry, times, at)
  return left === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil(left))
}

/**
 * The cookie's Max-Age, at least 1; `undefined`: until the browser closes.
 * @param shortened what `session.options({ maxAge })` asked for; it can only shorten
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

/** Clocks of machines differ, and are set back: a date in the future counts as now. */
export function notAhead<T extends Times>(times: T, at: number): T {
  if (!isAhead(times, at)) return times
  const { created, last_access } = times
  const limit = limitOf(times)
  return {
    ...times,
    created: Math.min(created, at),
    last_access: Math.min(last_access, at),
    ...(limit !== undefined && { limit: { ...limit, from: Math.min(limit.from, at) } })
  }
}
