import type { Duration } from '../../types/options.ts'
import { ownCopy } from '../base/own.ts'
import { SessionOptionsError } from '../errors.ts'

const UNITS = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const
/** Parts of a `Temporal.Duration` that a lifetime cannot have. Their length varies, or they are shorter than a second. */
const UNFIT_PARTS = ['years', 'months', 'milliseconds', 'microseconds', 'nanoseconds'] as const

const EXPECTED = 'a whole number of seconds, or { weeks, days, hours, minutes, seconds }'

/** The upper limit of a duration. It is low enough to catch a number of milliseconds that was passed by mistake. */
export interface Longest {
  readonly seconds: number
  /** The limit as an error message names it: `10 minutes`. */
  readonly words: string
}

/** Browsers keep a cookie no longer than this (RFC 6265bis, section 5.5). */
export const LONGEST_LIFETIME: Longest = {
  seconds: 400 * UNITS.days,
  words: '400 days, as long as browsers keep a cookie'
}

/**
 * Converts a duration to whole seconds.
 * @param what the name of the duration in an error message: `option "lifetime"`
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

/** A number is shown. Any other value is described by its type, because it could hold a secret that a client sent. */
const typeOrNumber = (value: unknown): string =>
  typeof value === 'number' || value === null ? String(value) : `of type ${typeof value}`

function tooLong(what: string, seconds: number, isObject: boolean, longest: Longest): Error {
  const remedy = isObject ? '' : ': did you mean milliseconds? Durations are in seconds'
  const meant = seconds / 1000
  const value = !isObject && Number.isInteger(meant) && meant <= longest.seconds ? `, so write ${meant}` : ''
  return new SessionOptionsError(`${what} is ${seconds} seconds, but must be at most ${longest.words}${remedy}${value}`)
}

function sumOfParts(what: string, duration: Exclude<Duration, number>): number {
  // A Temporal.Duration has its parts as getters on its prototype. For a plain object only own properties count, because
  // `Object.prototype` may be polluted.
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
  // An object without any part would add up to 0, and 0 means "until the browser closes".
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
