import { SessionOptionsError } from '../errors.ts'
import { LONGEST_LIFETIME, toSeconds } from './duration.ts'
import { ownOptions } from './option-names.ts'
import { STORE_HINTS } from './other-libraries.ts'

/**
 * Checks an option that must be a positive integer.
 * @returns the value, or the fallback if the value is `undefined`
 * @throws `SessionOptionsError`
 */
export function positiveInteger(
  owner: string,
  name: string,
  value: number | undefined,
  fallback: number,
  most = Number.MAX_SAFE_INTEGER
): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? 'a positive integer' : `an integer from 1 to ${most}`
  throw new SessionOptionsError(`${owner}: ${name} must be ${range}`)
}

/** Checks the option `gcTtl`: for how many seconds a store keeps a session with `lifetime` 0. */
export function gcSeconds(owner: string, value: number | undefined, fallback: number): number {
  const seconds = positiveInteger(owner, 'gcTtl', value, fallback)
  return toSeconds(`${owner}: gcTtl`, seconds, { ...LONGEST_LIFETIME, words: '400 days' })
}

/**
 * For how many seconds a store keeps a session. The answer is `ttl`, unless `lifetime` is 0. Then the answer is at most
 * `gcTtl`, and exactly `gcTtl` if `ttl` is 0 as well.
 */
export function secondsToKeep(lifetime: number, ttl: number, gcTtl: number): number {
  if (lifetime !== 0) return ttl
  return ttl > 0 ? Math.min(ttl, gcTtl) : gcTtl
}

/**
 * Checks the options of a store whose options are all numbers: `gcTtl` and upper limits.
 * @returns all options, with defaults for the missing ones
 * @throws `SessionOptionsError`
 */
export function numbersOf<Name extends string>(
  owner: string,
  options: { readonly [name in Name]?: number | undefined },
  defaults: Readonly<Record<Name, number>>
): Record<Name, number> {
  const own = ownOptions(owner, options, Object.keys(defaults), STORE_HINTS)
  const checked: Record<Name, number> = { ...defaults }
  for (const name in defaults) {
    const value = own[name]
    checked[name] =
      name === 'gcTtl' ? gcSeconds(owner, value, defaults[name]) : positiveInteger(owner, name, value, defaults[name])
  }
  return checked
}
