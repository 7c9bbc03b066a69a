import { setTimeout as delay } from 'node:timers/promises'
import { SessionConflictError } from '../errors.ts'

const MOST_ATTEMPTS = 12
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 64

/**
 * Repeats `attempt` until it returns `true`. Between two attempts it waits for a random part of a pause that doubles each
 * time ("full jitter"). So competing requests do not collide again.
 * @returns the number of attempts
 * @throws `FST_SESSION_CONFLICT` after 12 attempts
 */
export async function retry(attempt: () => Promise<boolean>): Promise<number> {
  for (let attempts = 1; attempts <= MOST_ATTEMPTS; attempts++) {
    if (await attempt()) return attempts
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempts) * Math.random()
    if (attempts < MOST_ATTEMPTS) await delay(pause)
  }
  throw new SessionConflictError()
}
