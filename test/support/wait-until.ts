import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 20
/** Even on a busy machine nothing in the tests takes this long. */
const LONGEST_MS = 60_000

/**
 * Checks a condition again and again until it holds. A condition that throws does not hold yet.
 * @throws after a minute, with the last error of the condition as the cause
 */
export async function waitUntil(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_MS
  let cause: unknown
  for (;;) {
    try {
      if (await holds()) return
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`, { cause })
    await sleep(PAUSE_MS)
  }
}
