import { setTimeout as delay } from 'node:timers/promises'
import type { MaybePromise } from '../../base/when.ts'
import { SessionConflictError } from '../../errors.ts'

const MOST_ATTEMPTS = 12
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 64

/**
 * Repeats `attempt` until it returns `true`. Between two attempts it waits for a random part of a pause that doubles each
 * time ("full jitter"). So competing requests do not collide again.
 * @param before the number of attempts that were made already, the last of them just now
 * @returns the number of attempts
 * @throws `FST_SESSION_CONFLICT` after 12 attempts
 */
export async function retry(attempt: () => MaybePromise<boolean>, before = 0): Promise<number> {
  for (let attempts = before + 1; attempts <= MOST_ATTEMPTS; attempts++) {
    if (attempts > 1) await delay(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1)) * Math.random())
    if (await attempt()) return attempts
  }
  throw new SessionConflictError()
}
