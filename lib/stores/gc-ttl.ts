import { LONGEST_LIFETIME, toSeconds } from '../checks/duration.ts'
import { positiveInteger } from '../checks/integer.ts'

/** The `gcTtl` of the stores that keep sessions on a server or on disk: 30 days. */
export const MONTH_SECONDS = 30 * 86_400

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

/** Whether a session has no time left, so it must be removed instead of stored. */
export const isOver = (lifetime: number, ttl: number): boolean => lifetime !== 0 && !(ttl > 0)
