import t from 'tap'
import { RedisCluster } from '../support/redis-cluster.ts'
import { redisSuite } from '../support/redis-suite.ts'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

await redisSuite(t, { kind: 'cluster', ports: cluster.ports }, 'ioredis')
