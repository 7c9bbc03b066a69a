import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { Interleaving, PAIRS, TRIPLES } from '../support/interleave.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'

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

async function overRedis(t: Test, name: string): Promise<Interleaving> {
  const { client, close } = await CLIENTS[name]!(server.port)
  t.teardown(close)
  const store = new RedisStore({ client })
  return Interleaving.over(
    t,
    () => store,
    async () => {
      await admin.flushall()
    }
  )
}

for (const name of ['ioredis', 'iovalkey', 'node-redis']) {
  t.test(`${name}: two requests keep all promises in every order of their store operations`, async (t) => {
    const interleaving = await overRedis(t, name)
    await interleaving.hold(t, PAIRS)
  })
}

t.test('three requests over Redis keep all promises in every order of their store operations', async (t) => {
  const interleaving = await overRedis(t, 'ioredis')
  await interleaving.hold(t, TRIPLES)
})
