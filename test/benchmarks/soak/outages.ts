import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '../../support/redis-server.ts'
import { waitUntil } from '../../support/wait-until.ts'
import type { Outage } from './ledger.ts'
import type { Visitor } from './visitor.ts'

const DOWN_MS = 1_000
const PAUSE_MS = 3_000

/** Redis dies and starts again, with what it has on disk. */
export async function restart(redis: RedisServer, probe: Visitor): Promise<Outage> {
  return during(`Redis was killed, and started again ${DOWN_MS} ms later`, probe, async () => {
    await redis.kill()
    await sleep(DOWN_MS)
    await redis.restart()
  })
}

/** Redis hangs. */
export async function pause(redis: RedisServer, probe: Visitor): Promise<Outage> {
  return during(`Redis was stopped for ${PAUSE_MS} ms`, probe, async () => {
    redis.pause()
    await sleep(PAUSE_MS)
    redis.resume()
  })
}

/** It lasts until a visitor can write again. */
async function during(name: string, probe: Visitor, happen: () => Promise<void>): Promise<Outage> {
  const began = performance.now()
  await happen()
  await waitUntil('a write after an outage', () => probe.write())
  return { name, began, ended: performance.now() }
}
