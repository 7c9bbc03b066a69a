import type { Expiry } from '../types/options.ts'

/** A record dated further ahead than this was not written by a clock like ours. */
const CLOCK_SKEW_SECONDS = 60

/**
 * Seconds left at `at` for a session created at `created`, with a fraction; 0 or less: it has ended. Infinite when
 * `lifetime` is 0. The configuration decides, never the record (OWASP ASVS 5.0, 7.3).
 *
 * A rolling session's inactivity is the store's to enforce (its ttl, or a cookie's signed time): nothing in the record
 * says when it was last prolonged.
 */
export function secondsLeft(expiry: Expiry, created: number, at: number): number {
  if (expiry.lifetime === 0) return Number.POSITIVE_INFINITY
  if (!expiry.rolling) return created + expiry.lifetime - at
  if (expiry.absoluteLifetime === undefined) return expiry.lifetime
  return Math.min(expiry.lifetime, created + expiry.absoluteLifetime - at)
}

/** What a store is told: `secondsLeft`, but 0 for a session that lasts until the browser closes. */
export function storeTtl(expiry: Expiry, created: number, at: number): number {
  return expiry.lifetime === 0 ? 0 : secondsLeft(expiry, created, at)
}

/** Whole seconds left, rounded up, never negative; `undefined`: until the browser closes. */
export function remainingSeconds(expiry: Expiry, created: number, at: number): number | undefined {
  if (expiry.lifetime === 0) return undefined
  return Math.max(0, Math.ceil(secondsLeft(expiry, created, at)))
}

/**
 * The cookie's Max-Age, at least 1; `undefined`: until the browser closes.
 * @param shortened what `session.options({ maxAge })` asked for; it can only shorten
 */
export function cookieMaxAge(
  expiry: Expiry,
  created: number,
  at: number,
  shortened: number | null | undefined
): number | undefined {
  const longest = remainingSeconds(expiry, created, at)
  if (longest === undefined || shortened === null) return undefined
  return Math.max(1, shortened === undefined ? longest : Math.min(longest, shortened))
}

/** Whether a record claims to come from the future, beyond what clocks differ. */
export function isFuture(time: number, at: number): boolean {
  return time > at + CLOCK_SKEW_SECONDS
}
