import t from 'tap'
import { SOME_TRIPLES } from '../support/interleave.ts'
import { redisInterleavings } from '../support/redis-interleavings.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

t.test('three requests over Sentinel keep all promises in every order of their store operations', async (t) => {
  const orders = await redisInterleavings(t, { kind: 'sentinel', ports: sentinels.ports }, 'node-redis', SOME_TRIPLES)
  t.ok(orders > 400, `${orders} orders`)
})
