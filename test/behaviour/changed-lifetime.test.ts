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

/** An application before and after a deployment that changed these options. */
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

t.test('a raised lifetime prolongs the record, the store and the cookie with the next response, once', async (t) => {
  const clock = fakeClock(t)
  for (const [name, make] of Object.entries(makers)) {
    const { before, after } = await deploy(t, make(), { lifetime: 100 }, { lifetime: 1_000 })
    const old = await before.send(undefined, setUser)
    clock.advance(50)
    const next = await after.send(old.cookie, (session) => ({ left: session.remainingSeconds }))
    t.same(next.body, { left: 950 }, name)
    t.match(next.lines, [/; Max-Age=950; /], `${name}: the cookie lasts as long`)
    t.same(after.problems(), [])
    t.same((await after.send(next.cookie, read)).lines, [], `${name}: once`)
    clock.advance(900)
    t.same((await after.send(next.cookie, read)).body, { user: 'alice' }, `${name}: it is still there`)
    clock.advance(50)
    t.same((await after.send(next.cookie, read)).body, {}, name)
  }
})

t.test('a raised lifetime reaches the cookie with a change, save() and update() as well', async (t) => {
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
      t.same((await after.send(cookie, change)).lines, [], `${name}: once`)
    }
  }
})

t.test('a raised lifetime, rolling: the record follows as well', async (t) => {
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

t.test('until the browser closes is longer than any lifetime', async (t) => {
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

t.test('a record of Python says its lifetime, too', async (t) => {
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

t.test('a raised lifetime brings no session back that has ended meanwhile, and says nothing about it', async (t) => {
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

t.test('what a parallel request wrote stays when a raised lifetime prolongs the session', async (t) => {
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
