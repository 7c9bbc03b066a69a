import t from 'tap'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import { redisSuite } from '../support/redis-suite.ts'

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

for (const library of ['ioredis'] as const) {
  await redisSuite(t, { kind: 'sentinel', ports: sentinels.ports }, library)
}
