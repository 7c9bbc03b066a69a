import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '../../support/redis-server.ts'
import { waitUntil } from '../../support/wait-until.ts'
import type { Outage } from './ledger.ts'
import type { Visitor } from './visitor.ts'

export const DOWN_MS = 1_000
export const PAUSE_MS = 3_000

/** Kills Redis and starts it again with the data that it had written to disk. */
export async function restart(redis: RedisServer, probe: Visitor): Promise<Outage> {
  return during(`Redis was killed, and started again ${DOWN_MS} ms later`, probe, async () => {
    await redis.kill()
    await sleep(DOWN_MS)
    await redis.restart()
  })
}

/** Lets Redis hang: its connections stay open, but it answers nothing. */
export async function pause(redis: RedisServer, probe: Visitor): Promise<Outage> {
  return during(`Redis was stopped for ${PAUSE_MS} ms`, probe, async () => {
    redis.pause()
    await sleep(PAUSE_MS)
    redis.resume()
  })
}

/** Waits until a visitor can write again. The outage ends then. */
async function during(name: string, probe: Visitor, happen: () => Promise<void>): Promise<Outage> {
  const began = performance.now()
  await happen()
  await waitUntil('a write after an outage', () => probe.write())
  return { name, began, ended: performance.now() }
}
