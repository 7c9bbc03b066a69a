import type { Duration } from '../types/options.ts'
import { SessionOptionsError } from './errors.ts'

const UNITS = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const
/** Parts that a `Temporal.Duration` has and a lifetime cannot: their length varies, or is below a second. */
const REFUSED = ['years', 'months', 'milliseconds', 'microseconds', 'nanoseconds'] as const

const EXPECTED = 'a whole number of seconds, or { weeks, days, hours, minutes, seconds }'

/**
 * A duration in whole seconds.
 * @throws `FST_SESSION_OPTIONS`, naming `option`
 */
export function toSeconds(option: string, duration: Duration): number {
  const seconds = typeof duration === 'object' ? sumOfParts(option, duration) : duration
  if (!Number.isSafeInteger(seconds)) throw new SessionOptionsError(`option "${option}" must be ${EXPECTED}`)
  if (seconds < 0) throw new SessionOptionsError(`option "${option}" must not be negative`)
  return seconds
}

function sumOfParts(option: string, duration: Exclude<Duration, number>): number {
  // Read by name, not by own keys: the parts of a Temporal.Duration are getters on its prototype.
  const parts = duration as Record<string, unknown>
  for (const name of REFUSED) {
    if (parts[name]) throw new SessionOptionsError(`option "${option}" must not have ${name}: use ${EXPECTED}`)
  }
  for (const name of Object.keys(parts)) {
    if (!Object.hasOwn(UNITS, name) && parts[name] !== 0) {
      throw new SessionOptionsError(`option "${option}" has an unknown part "${name}": use ${EXPECTED}`)
    }
  }
  // Without any part it would be 0, which means another thing: until the browser closes.
  if (Object.keys(UNITS).every((name) => parts[name] === undefined)) {
    throw new SessionOptionsError(`option "${option}" has no part: use ${EXPECTED}`)
  }
  let sum = 0
  for (const [name, seconds] of Object.entries(UNITS)) {
    const part = parts[name] === undefined ? 0 : parts[name]
    if (typeof part !== 'number') throw new SessionOptionsError(`option "${option}": ${name} must be a number`)
    sum += part * seconds
  }
  return sum
}
