import { Redis } from 'ioredis'
import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import { RedisSessions } from '../../lib/stores/redis-sessions.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { type Handler, testApp } from '../support/app.ts'
import { startRedis } from '../support/redis-server.ts'

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

/** Counts the commands that a client sends, and how many of them wait for the answer of an earlier one. */
function counting() {
  const client = new Redis(server.port)
  t.teardown(() => client.disconnect())
  const sent: string[] = []
  const counted = new Proxy(client as unknown as Record<string, (...args: unknown[]) => unknown>, {
    get(target, name: string) {
      const value = target[name]
      if (typeof value !== 'function' || name === 'defineCommand') {
        return typeof value === 'function' ? value.bind(target) : value
      }
      return (...args: unknown[]) => {
        sent.push(name.replace(/^starsessions|Buffer$/g, '').toLowerCase())
        return value.apply(target, args)
      }
    }
  }) as unknown as Redis
  return { client: counted, sent }
}

async function start(options: StarsessionsOptions, sent: string[]) {
  const { send } = await testApp(t, options)
  return async (cookie: string | undefined, handler: Handler) => {
    sent.length = 0
    const answer = await send(cookie, handler)
    // A command that the response does not wait for.
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { cookie: answer.cookie, sent: [...sent] }
  }
}

const REQUESTS: Readonly<Record<string, Handler>> = {
  read: (session) => session.data(),
  write: (session) => void (session.n = (session.n ?? 0) + 1),
  update: (session) => session.update((newest) => void (newest.m = (newest.m ?? 0) + 1))
}

t.test('a read, a write and an update of a user cost as many commands as those of a visitor', async (t) => {
  for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]) {
    const { client, sent } = counting()
    const request = await start({ store: new RedisStore({ client }), ...options }, sent)
    const anonymous = await request(undefined, (session) => void (session.n = 1))
    const bound = await request(undefined, (session) => session.bindTo('ada'))
    for (const [name, handler] of Object.entries(REQUESTS)) {
      const [visitor, user] = [await request(anonymous.cookie, handler), await request(bound.cookie, handler)]
      t.same(user.sent, visitor.sent, `${name}: ${user.sent.join(', ')}`)
    }
  }
})

t.test('a login takes two commands, or three over a session; a logout two', async (t) => {
  const { client, sent } = counting()
  const request = await start({ store: new RedisStore({ client }), lifetime: 60 }, sent)
  const login = await request(undefined, (session) => session.bindTo('ada'))
  t.same(login.sent, ['enter', 'create'])
  const cart = await request(undefined, (session) => void (session.cart = 1))
  const over = await request(cart.cookie, (session) => session.bindTo('ada'))
  t.same(over.sent, ['get', 'enter', 'create', 'replace'])
  const rotated = await request(over.cookie, (session) => session.regenerateId())
  t.same(rotated.sent, ['get', 'enter', 'create', 'replace', 'settle'])
  const out = await request(rotated.cookie, (session) => session.destroy())
  t.same(out.sent, ['get', 'replace', 'settle'])
})

t.test('a cookie of a visitor costs no command, and one of a user costs one, or none with recheck', async (t) => {
  for (const recheck of [0, 10]) {
    const { client, sent } = counting()
    const byUser = new RedisSessions({ client })
    const store = new CookieStore({ secretKey: 'a secret of at least thirty-two bytes', byUser, recheck })
    const request = await start({ store }, sent)
    const visitor = await request(undefined, (session) => void (session.n = 1))
    t.same((await request(visitor.cookie, REQUESTS.write!)).sent, [])
    const login = await request(visitor.cookie, (session) => session.bindTo('ada'))
    t.same(login.sent, ['enter'])
    t.same((await request(login.cookie, REQUESTS.read!)).sent, ['islisted'])
    t.same((await request(login.cookie, REQUESTS.write!)).sent, recheck === 0 ? ['islisted'] : [])
    t.same((await request(login.cookie, (session) => session.destroy())).sent.slice(-1), ['settle'])
  }
})
