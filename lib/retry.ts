import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../types/store.ts'
import { andThen } from './answers.ts'
import { SessionConflictError } from './errors.ts'

const MOST_ATTEMPTS = 12
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 64

/**
 * Tries until `attempt` says that it is done. Between two attempts it waits a random part of a pause that doubles ("full
 * jitter"), so that those who compete do not meet again.
 * @returns how many attempts it took
 * @throws `FST_SESSION_CONFLICT` after 12 attempts
 */
export function retry(attempt: () => Answer<boolean>): Answer<number> {
  return andThen(attempt(), (isDone) => (isDone ? 1 : tryAgain(attempt)))
}

async function tryAgain(attempt: () => Answer<boolean>): Promise<number> {
  let pause = FIRST_PAUSE_MS
  for (let attempts = 2; attempts <= MOST_ATTEMPTS; attempts++) {
    await delay(pause * Math.random())
    if (await attempt()) return attempts
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2)
  }
  throw new SessionConflictError()
}
