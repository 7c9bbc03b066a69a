import { Redis } from 'ioredis'
import t from 'tap'
import { RedisStore } from '../lib/stores/redis.ts'
import { testApp } from './support/app.ts'
import { CLIENTS } from './support/redis-clients.ts'
import { startRedis } from './support/redis-server.ts'

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

/** As in the README. */
const RULES = '~starsessions.* +get +getex +set +del +pexpire +evalsha +eval'.split(' ')
const LOGIN = { username: 'sessions', password: 'secret' }
await admin.call('ACL', 'SETUSER', 'sessions', 'on', '>secret', ...RULES)

for (const [name, connect] of Object.entries(CLIENTS)) {
  t.test(`a user restricted to the prefix and the commands is enough, through ${name}`, async (t) => {
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]) {
      await admin.script('FLUSH')
      const { send } = await testApp(t, { store: new RedisStore({ client }), ...options })
      const { cookie } = await send(undefined, (session) => void (session.n = 1))
      t.equal((await send(cookie, (session) => void session.n++)).status, 200)
      const rotated = await send(cookie, (session) => session.regenerateId())
      t.same((await send(rotated.cookie, (session) => session.data())).body, { n: 2 })
      t.equal((await send(rotated.cookie, (session) => session.destroy())).status, 200)
      t.same((await send(rotated.cookie, (session) => session.data())).body, {})
    }
  })

  t.test(`it may nothing else: another prefix is refused, through ${name}`, async (t) => {
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    const store = new RedisStore({ client, prefix: 'other:' })
    await t.rejects(store.read('id', 60), { message: /NOPERM/ })
    await t.rejects(store.write('id', Buffer.from('a'), 60, 60), { message: /NOPERM/ })
    await t.rejects(store.replace('id', Buffer.from('a'), Buffer.from('b'), 60, 60), {
      message: /NOPERM|No permissions/
    })
    t.equal(await admin.dbsize(), await admin.keys('starsessions.*').then(({ length }) => length))
  })
}
