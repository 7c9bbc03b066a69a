import t from 'tap'
import { TRIPLES } from '../support/interleave.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { redisInterleavings } from '../support/redis-interleavings.ts'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

t.test('three requests over a cluster through ioredis, in every order of their store operations', async (t) => {
  const orders = await redisInterleavings(t, { kind: 'cluster', ports: cluster.ports }, 'ioredis', TRIPLES)
  t.ok(orders > 4_000, `${orders} orders`)
})
