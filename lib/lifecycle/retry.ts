import { setTimeout as delay } from 'node:timers/promises'
import { SessionConflictError } from '../errors.ts'

const MOST_ATTEMPTS = 12
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 64

/**
 * Tries until `attempt` says that it is done. Between two attempts it waits a random part of a pause that doubles ("full
 * jitter"), so that those who compete do not meet again.
 * @returns how many attempts it took
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
