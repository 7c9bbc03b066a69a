import t from 'tap'
import { SOME_TRIPLES } from '../support/interleave.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { redisInterleavings } from '../support/redis-interleavings.ts'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

t.test('three requests over a Cluster keep all promises in every order of their store operations', async (t) => {
  const orders = await redisInterleavings(t, { kind: 'cluster', ports: cluster.ports }, 'ioredis', SOME_TRIPLES)
  t.ok(orders > 400, `${orders} orders`)
})
