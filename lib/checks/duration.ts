import type { Duration } from '../../types/options.ts'
import { SessionOptionsError } from '../errors.ts'
import { ownCopy } from '../own.ts'

const UNITS = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const
/** Parts that a `Temporal.Duration` has and a lifetime cannot: their length varies, or is below a second. */
const UNFIT_PARTS = ['years', 'months', 'milliseconds', 'microseconds', 'nanoseconds'] as const

const EXPECTED = 'a whole number of seconds, or { weeks, days, hours, minutes, seconds }'

/** A bound that no sensible duration exceeds, so that milliseconds are noticed. */
export interface Longest {
  readonly seconds: number
  readonly words: string
}

/** The longest that browsers keep a cookie (RFC 6265bis, section 5.5). */
export const LONGEST_LIFETIME: Longest = {
  seconds: 400 * UNITS.days,
  words: '400 days, as long as browsers keep a cookie'
}

/**
 * A duration in whole seconds.
 * @param what names the duration in an error: `option "lifetime"`
 * @throws `FST_SESSION_OPTIONS`
 */
export function toSeconds(what: string, duration: Duration, longest = LONGEST_LIFETIME): number {
  const isObject = typeof duration === 'object' && duration !== null
  const seconds = isObject ? sumOfParts(what, duration) : duration
  if (!Number.isSafeInteger(seconds))
    throw new SessionOptionsError(`${what} must be ${EXPECTED}, but is ${typeOrNumber(duration)}`)
  if (seconds < 0) throw new SessionOptionsError(`${what} must not be negative`)
  if (seconds > longest.seconds) throw tooLong(what, seconds, isObject, longest)
  return seconds
}

/** Text may be a secret that a handler was sent. */
const typeOrNumber = (value: unknown): string =>
  typeof value === 'number' || value === null ? String(value) : `of type ${typeof value}`

function tooLong(what: string, seconds: number, isObject: boolean, longest: Longest): Error {
  const remedy = isObject ? '' : ': did you mean milliseconds? Durations are in seconds'
  const meant = seconds / 1000
  const value = !isObject && Number.isInteger(meant) && meant <= longest.seconds ? `, so write ${meant}` : ''
  return new SessionOptionsError(`${what} is ${seconds} seconds, but must be at most ${longest.words}${remedy}${value}`)
}

function sumOfParts(what: string, duration: Exclude<Duration, number>): number {
  // The parts of a Temporal.Duration are getters on its prototype. What stands on `Object.prototype` is no part.
  const isPlain = Object.getPrototypeOf(duration) === Object.prototype
  const parts = (isPlain ? ownCopy(duration) : duration) as Record<string, unknown>
  for (const name of UNFIT_PARTS) {
    if (parts[name]) throw new SessionOptionsError(`${what} must not have ${name}: use ${EXPECTED}`)
  }
  for (const name of Object.keys(parts)) {
    if (!Object.hasOwn(UNITS, name) && parts[name] !== 0) {
      throw new SessionOptionsError(`${what} has an unknown part "${name}": use ${EXPECTED}`)
    }
  }
  // Without any part it would be 0, which means another thing: until the browser closes.
  if (Object.keys(UNITS).every((name) => parts[name] === undefined)) {
    throw new SessionOptionsError(`${what} has no part: use ${EXPECTED}`)
  }
  let sum = 0
  for (const [name, seconds] of Object.entries(UNITS)) {
    const part = parts[name] === undefined ? 0 : parts[name]
    if (typeof part !== 'number') throw new SessionOptionsError(`${what}: ${name} must be a number`)
    sum += part * seconds
  }
  return sum
}
