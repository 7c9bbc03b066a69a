import t from 'tap'
import { redisInterleavings } from '../support/redis-interleavings.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import { SOME_THREES } from '../support/store-conformance.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

t.test('three requests over Sentinel keep all promises in every order of their store operations', async (t) => {
  const servers = { kind: 'sentinel', ports: sentinels.ports } as const
  t.equal(await redisInterleavings(t, servers, 'node-redis', { threes: true }, SOME_THREES), 21)
})
