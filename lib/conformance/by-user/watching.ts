import { equal, deepEqual as same } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndReason } from '../../../types/users/sessions-by-user.ts'
import { expect } from '../expect.ts'
import { type AddForAccount, newHandle, newId, seconds } from './account.ts'

/** A store may hear of its own events with a delay, for example from a server. */
const PATIENCE_MS = 2_000
const PAUSE_MS_BETWEEN = 20

export function watchCases(add: AddForAccount): void {
  add('watch tells the handles of ended sessions, and why they ended', async (account) => {
    const { store, byUser, user } = account
    const seen = new Map<string, EndReason>()
    const stop = byUser.watch?.((handles, reason) => {
      for (const handle of handles) seen.set(handle, reason)
    })
    // A store may need a moment until it hears of the first event.
    await until(async () => {
      const probe = await account.login()
      await account.end({ only: probe.handle })
      return seen.size > 0
    })
    const [ended, out, evicted, kept] = [
      await account.login(),
      await account.login(),
      await account.login({ authenticatedAt: seconds() - 10 }),
      await account.login()
    ]
    await account.end({ only: ended.handle })
    await store.remove(out.id)
    await byUser.delist(out.id, user, out.handle)
    await account.enlist(newId(), newHandle(), { max: 2 })
    await until(async () => [ended, out, evicted].every(({ handle }) => seen.has(handle)))
    same(
      [ended, out, evicted, kept].map(({ handle }) => seen.get(handle)),
      ['ended', 'logout', 'evicted', undefined]
    )
    stop?.()
    await account.end()
    await sleep(5 * PAUSE_MS_BETWEEN)
    equal(seen.has(kept.handle), false, 'after stop() nothing more is told')
  })
}

/** @throws `AssertionError` if the condition does not become true in time */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let left = PATIENCE_MS / PAUSE_MS_BETWEEN; !(await condition()); left--) {
    expect(left > 0, `watch() must tell of an ended session within ${PATIENCE_MS / 1000} s`)
    await sleep(PAUSE_MS_BETWEEN)
  }
}
