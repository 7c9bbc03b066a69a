import t from 'tap'
import { TRIPLES } from '../support/interleave.ts'
import { redisInterleavings } from '../support/redis-interleavings.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

t.test('three requests over Sentinel through node-redis, in every order of their store operations', async (t) => {
  const orders = await redisInterleavings(t, { kind: 'sentinel', ports: sentinels.ports }, 'node-redis', TRIPLES)
  t.ok(orders > 4_000, `${orders} orders`)
})
