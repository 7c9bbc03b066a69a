import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { connectTo, LIBRARIES, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

t.test('a master that is killed: 503, until a replica has taken over, and what that had is kept', async (t) => {
  const { loads } = await failover(t, connectTo, (master) => master.kill())
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})

t.test('a master that hangs: 503, until a replica has taken over, and what that had is kept', async (t) => {
  const { loads, old } = await failover(t, connectAsDocumented, (master) => master.pause())
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  // It takes itself for the master for a while.
  old.resume()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})

const next = (loads: SessionLoad[], kind: 'acknowledged' | 'failed') =>
  Promise.all(loads.map((load) => load.next(kind)))

/** The master goes and stays away, and everybody recovers. */
async function failover(
  t: Test,
  connect: typeof connectTo,
  go: (master: RedisServer) => unknown
): Promise<{ loads: SessionLoad[]; old: RedisServer }> {
  const start = async (library: Library) => {
    const { client, close } = await connect({ kind: 'sentinel', ports: sentinels.ports }, library)
    t.teardown(close)
    return SessionLoad.start(t, new RedisStore({ client, prefix: `${library}:` }))
  }
  const loads = await Promise.all(LIBRARIES.map(start))
  await next(loads, 'acknowledged')
  const old = await sentinels.master()
  for (const load of loads) await load.makeDurable(() => sentinels.isReplicated(old))
  await go(old)
  await next(loads, 'failed')
  await next(loads, 'acknowledged')
  return { loads, old }
}
