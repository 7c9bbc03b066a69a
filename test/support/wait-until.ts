import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 20
/** Nothing here takes as long on a machine that does anything at all. */
const LONGEST_MS = 60_000

/**
 * Asks again and again. A condition that throws does not hold yet.
 * @throws when it has not held for a minute, with what it threw last
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
