import { SessionOptionsError } from '../errors.ts'
import { LONGEST_LIFETIME, toSeconds } from './duration.ts'
import { ownOptions } from './option-names.ts'
import { STORE_HINTS } from './other-libraries.ts'

/** @returns the value; the fallback only for `undefined` */
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

/** The option `gcTtl`: seconds that a session without a lifetime is kept. */
export function gcSeconds(owner: string, value: number | undefined, fallback: number): number {
  const seconds = positiveInteger(owner, 'gcTtl', value, fallback)
  return toSeconds(`${owner}: gcTtl`, seconds, { ...LONGEST_LIFETIME, words: '400 days' })
}

/** How long a store keeps a session: `ttl`, but at most `gcTtl` when `lifetime` is 0, and all of it when `ttl` is, too. */
export function secondsToKeep(lifetime: number, ttl: number, gcTtl: number): number {
  if (lifetime !== 0) return ttl
  return ttl > 0 ? Math.min(ttl, gcTtl) : gcTtl
}

/**
 * The options of a store that takes only numbers: `gcTtl`, and limits.
 * @returns all of them
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
