import t from 'tap'
import { RedisCluster } from '../support/redis-cluster.ts'
import { redisInterleavings } from '../support/redis-interleavings.ts'
import { SOME_THREES } from '../support/store-conformance.ts'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

t.test('three requests over a Cluster keep all promises in every order of their store operations', async (t) => {
  const servers = { kind: 'cluster', ports: cluster.ports } as const
  t.equal(await redisInterleavings(t, servers, 'ioredis', { threes: true }, SOME_THREES), 21)
})
