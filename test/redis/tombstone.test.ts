import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { cookieValue, testApp } from '../support/app.ts'
import { startRedis } from '../support/redis-server.ts'

const server = await startRedis()
const client = new Redis(server.port)
t.teardown(async () => {
  client.disconnect()
  await server.stop()
})

for (const options of [{}, { lifetime: 3600 }, { lifetime: 3600, rolling: true }]) {
  t.test(`a tombstone in Redis lives for a minute, also if it is read: ${JSON.stringify(options)}`, async (t) => {
    const { send } = await testApp(t, { store: new RedisStore({ client }), ...options })
    const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
    const key = `starsessions.${createHash('sha256').update(cookieValue(cookie)).digest('hex')}`
    const { cookie: next } = await send(cookie, (session) => session.regenerateId())
    await client.pexpire(key, 59_000)
    await send(cookie, (session) => session.data())
    const left = await client.pttl(key)
    t.ok(left > 50_000 && left <= 60_000, `${left} ms`)
    await send(cookie, (session) => session.destroy())
    t.equal(await client.exists(key), 0)
    t.same((await send(next, (session) => session.data())).body, {})
  })
}
