import { LONGEST_LIFETIME, toSeconds } from '../duration.ts'
import { SessionOptionsError } from '../errors.ts'

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
