import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const SECRET = 'thirty-two bytes of text, or more than that'

const setUser: Handler = (session) => void (session.user = 'alice')
const read: Handler = (session) => session.data()

const makers = {
  'three methods': () => new MapStore(),
  memory: () => new InMemoryStore(),
  cookie: () => new CookieStore({ secretKey: SECRET })
}

/** One application before and after a deployment that changed its options. Both use the same store. */
async function deploy(
  t: Parameters<typeof testApp>[0],
  store: SessionStore,
  before: StarsessionsOptions,
  after: StarsessionsOptions
) {
  return { before: await testApp(t, { store, ...before }), after: await testApp(t, { store, ...after }) }
}

async function recordOf(store: SessionStore, cookie: string | undefined) {
  const bytes = await store.read(String(cookie).split('=')[1] ?? '', 1_000)
  return JSON.parse(Buffer.from(bytes as Uint8Array).toString())
}

t.test('a raised lifetime prolongs the record and the cookie once, with the next response', async (t) => {
  const clock = fakeClock(t)
  for (const [name, make] of Object.entries(makers)) {
    const { before, after } = await deploy(t, make(), { lifetime: 100 }, { lifetime: 1_000 })
    const old = await before.send(undefined, setUser)
    clock.advance(50)
    const next = await after.send(old.cookie, (session) => ({ left: session.remainingSeconds }))
    t.same(next.body, { left: 950 }, name)
    t.match(next.lines, [/; Max-Age=950; /], `${name}: the cookie lasts as long as the session`)
    t.same(after.problems(), [])
    t.same((await after.send(next.cookie, read)).lines, [], `${name}: only once`)
    clock.advance(900)
    t.same((await after.send(next.cookie, read)).body, { user: 'alice' }, `${name}: the session is still there`)
    clock.advance(50)
    t.same((await after.send(next.cookie, read)).body, {}, name)
  }
})

t.test('a raised lifetime prolongs the cookie also with a change, save() or update()', async (t) => {
  const clock = fakeClock(t)
  const changes: Record<string, Handler> = {
    change: (session) => void (session.n = Math.random()),
    save: async (session) => {
      session.n = Math.random()
      await session.save()
    },
    update: async (session) => void (await session.update((newest) => void (newest.n = Math.random())))
  }
  for (const store of [new MapStore(), new InMemoryStore()]) {
    for (const [name, change] of Object.entries(changes)) {
      const { before, after } = await deploy(t, store, { lifetime: 100 }, { lifetime: 1_000 })
      const { cookie } = await before.send(undefined, setUser)
      clock.advance(50)
      t.match((await after.send(cookie, change)).lines, [/; Max-Age=950; /], name)
      t.same((await after.send(cookie, change)).lines, [], `${name}: only once`)
    }
  }
})

t.test('with rolling sessions, a raised lifetime prolongs the record and the cookie as well', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const { before, after } = await deploy(t, store, { lifetime: 100 }, { lifetime: 1_000, rolling: true })
  const { cookie } = await before.send(undefined, setUser)
  t.equal((await recordOf(store, cookie)).__metadata__.lifetime, 100)
  clock.advance(50)
  t.match((await after.send(cookie, read)).lines, [/; Max-Age=1000; /])
  t.equal((await recordOf(store, cookie)).__metadata__.lifetime, 1_000)
  clock.advance(999)
  t.same((await after.send(cookie, read)).body, { user: 'alice' })
})

t.test('a lifetime until the browser closes counts as longer than any number of seconds', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const { before, after } = await deploy(t, store, { lifetime: 100 }, {})
  const { cookie } = await before.send(undefined, setUser)
  clock.advance(50)
  const { lines } = await after.send(cookie, read)
  t.match(lines, [/^session=/])
  t.notMatch(lines[0], /Max-Age/)
  clock.advance(1_000)
  t.same((await after.send(cookie, read)).body, { user: 'alice' })
  t.same((await after.send(cookie, read)).lines, [])
})

t.test('a raised lifetime prolongs records that the Python library wrote', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  const record =
    '{"user": "bob", "__metadata__": {"lifetime": 100, "created": 1699999990.5, "last_access": 1699999995.5}}'
  await store.write('python', Buffer.from(record), 100, 90)
  const { send } = await testApp(t, { store, lifetime: 1_000 })
  const { lines, body } = await send('session=python', read)
  t.match(lines, [/^session=python; Max-Age=991; /])
  t.same(body, { user: 'bob' })
  t.match(await recordOf(store, 'session=python'), { __metadata__: { lifetime: 1_000, created: 1_699_999_990.5 } })
})

t.test('a raised lifetime does not bring back a session that ends meanwhile, and causes no error', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  const { before, after } = await deploy(t, store, { lifetime: 100 }, { lifetime: 1_000 })
  const { cookie } = await before.send(undefined, setUser)
  const answer = await after.send(cookie, async () => {
    await before.send(cookie, (session) => session.destroy())
    return {}
  })
  t.equal(answer.status, 200)
  t.same(answer.lines, [])
  t.same((await after.send(cookie, read)).body, {})
})

t.test('changes of a parallel request stay when a raised lifetime prolongs the session', async (t) => {
  fakeClock(t)
  const { before, after } = await deploy(t, new InMemoryStore(), { lifetime: 100 }, { lifetime: 1_000 })
  const { cookie } = await before.send(undefined, setUser)
  const answer = await after.send(cookie, async () => {
    await after.send(cookie, (session) => void (session.cart = [1]))
    return {}
  })
  t.match(answer.lines, [/; Max-Age=1000; /])
  t.same((await after.send(cookie, read)).body, { user: 'alice', cart: [1] })
})
