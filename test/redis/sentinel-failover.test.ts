import t from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import { connectTo, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

t.test('a master that is killed: 503, until a replica has taken over, and what that had is kept', async (t) => {
  const start = async (library: Library) => {
    const { client, close } = await connectTo({ kind: 'sentinel', ports: sentinels.ports }, library)
    t.teardown(close)
    return SessionLoad.start(t, new RedisStore({ client, prefix: `${library}:` }))
  }
  const loads = await Promise.all([start('ioredis'), start('node-redis')])
  const next = (kind: 'acknowledged' | 'failed') => Promise.all(loads.map((load) => load.next(kind)))
  await next('acknowledged')
  const master = await sentinels.master()
  for (const load of loads) await load.makeDurable(() => sentinels.isReplicated(master))
  await master.kill()
  await next('failed')
  await sentinels.failedOver(master)
  const wellSince = performance.now()
  await next('acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})
