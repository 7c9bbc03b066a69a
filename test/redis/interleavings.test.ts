import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'
import { storeInterleavings, THREES } from '../support/store-conformance.ts'

const server = await startRedis()
t.teardown(() => server.stop())

async function overRedis(t: Test, name: string) {
  const { client, close } = await CLIENTS[name]!(server.port)
  t.teardown(close)
  const store = new RedisStore({ client })
  return async () => ({ store })
}

for (const name of ['ioredis', 'iovalkey', 'node-redis']) {
  t.test(`${name}: two requests keep all promises in every order of their store operations`, async (t) => {
    t.equal(await storeInterleavings(t, await overRedis(t, name)), 45)
  })
}

t.test('a rolling session over Redis keeps all promises in every order of two requests', async (t) => {
  const plugin = { lifetime: 60, rolling: true }
  t.equal(await storeInterleavings(t, await overRedis(t, 'ioredis'), { plugin }), 45)
})

t.test('three requests over Redis keep all promises in every order of their store operations', async (t) => {
  t.equal(await storeInterleavings(t, await overRedis(t, 'ioredis'), { threes: true }, THREES), 165)
})
