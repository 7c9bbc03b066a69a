import t from 'tap'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import { redisSuite } from '../support/redis-suite.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

await redisSuite(t, { kind: 'sentinel', ports: sentinels.ports }, 'node-redis')
