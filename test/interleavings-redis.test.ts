import { Redis } from 'ioredis'
import t from 'tap'
import { RedisStore } from '../lib/stores/redis.ts'
import { Interleaving, KINDS } from './support/interleave.ts'
import { CLIENTS } from './support/redis-clients.ts'
import { startRedis } from './support/redis-server.ts'

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

for (const name of ['ioredis', 'iovalkey', 'node-redis']) {
  t.test(`two requests over Redis through ${name}, in every order of their store operations`, async (t) => {
    const { client, close } = await CLIENTS[name]!(server.port)
    t.teardown(close)
    const store = new RedisStore({ client })
    const interleaving = await Interleaving.over(
      t,
      () => store,
      async () => {
        await admin.flushall()
      }
    )
    for (const [index, one] of KINDS.entries()) {
      for (const other of KINDS.slice(index)) {
        const { schedules, violations } = await interleaving.all([one, other])
        t.same([...violations], [], `${one} and ${other}: ${schedules} orders`)
      }
    }
  })
}
