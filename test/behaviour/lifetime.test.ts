import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

class TouchStore extends MapStore {
  readonly ttls: number[] = []
  touches = 0

  override write(id: string, data: Uint8Array, lifetime: number, ttl: number) {
    this.ttls.push(ttl)
    return super.write(id, data, lifetime, ttl)
  }

  async touch(id: string, _lifetime: number, ttl: number) {
    this.touches++
    this.ttls.push(ttl)
    const entry = this.entries.get(id)
    if (entry !== undefined) entry.expires = Date.now() / 1000 + ttl
    return entry !== undefined
  }
}

const SECRET = 'thirty-two bytes of text, or more than that'

const setUser: Handler = (session) => void (session.user = 'alice')
const read: Handler = (session) => session.data()

t.test('with lifetime 0 the cookie has no Max-Age, and the store chooses when to delete the record', async (t) => {
  const store = new TouchStore()
  const { send } = await testApp(t, { store })
  const { lines, body } = await send(undefined, (session) => {
    session.user = 'alice'
    return { remaining: session.remainingSeconds ?? 'none' }
  })
  t.notMatch(lines[0], /Max-Age|Expires/)
  t.same(body, { remaining: 'none' })
  t.same(store.ttls, [0])
})

t.test('a fixed session ends its lifetime after it was created, however it is used', async (t) => {
  const clock = fakeClock(t)
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: { minutes: 1 } })
  const { cookie, lines } = await send(undefined, setUser)
  t.match(lines, [/; Max-Age=60; /])
  clock.advance(40)
  const changed = await send(cookie, (session) => {
    session.n = 1
    return { remaining: session.remainingSeconds }
  })
  t.same(changed.body, { remaining: 20 })
  t.same(changed.lines, [], 'a change sends no new cookie')
  t.same(store.ttls, [60, 20])
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=20; /], 'a rotation does not prolong the session')
  clock.advance(20)
  store.entries.forEach((entry) => {
    entry.expires = Number.POSITIVE_INFINITY
  })
  t.same(
    (await send(rotated.cookie, read)).body,
    {},
    'loading checks the deadline even if the store still has the record'
  )
})

t.test('a lowered lifetime ends older sessions', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  const long = await testApp(t, { store, lifetime: { days: 14 } })
  const { cookie } = await long.send(undefined, setUser)
  clock.advance(120)
  const short = await testApp(t, { store, lifetime: 60 })
  t.same((await short.send(cookie, read)).body, {})
  const rolling = await testApp(t, { store, lifetime: 60, rolling: true, absoluteLifetime: 100 })
  t.same((await rolling.send(cookie, read)).body, {})
})

t.test('the metadata of a record cannot lengthen the configured lifetime', async (t) => {
  fakeClock(t)
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 60 })
  const record = {
    user: 'alice',
    __metadata__: { lifetime: 9e9, created: 1_699_999_990, last_access: 1_699_999_990, cookie: { maxAge: 9e9 } }
  }
  await store.write('known', Buffer.from(JSON.stringify(record)), 0, 0)
  const { lines, body } = await send('session=known', async (session) => {
    await session.regenerateId()
    return session.metadata
  })
  t.match(body, { lifetime: 60, created: 1_699_999_990 })
  t.match(lines, [/; Max-Age=50; /])
})

t.test('rolling: each request that loads the session prolongs it without a write', async (t) => {
  const clock = fakeClock(t)
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: 60, rolling: true })
  const { cookie } = await send(undefined, setUser)
  for (let i = 0; i < 5; i++) {
    clock.advance(50)
    const { body, lines, headers } = await send(cookie, read)
    t.same(body, { user: 'alice' })
    t.match(lines, [/^session=.*; Max-Age=60; /])
    t.equal(headers['cache-control'], 'no-store')
  }
  t.equal(store.calls.write, 1)
  t.equal(store.touches, 5)
  t.equal(store.calls.read, 5, 'over a store without replace, no record is read twice')
  const changed = await send(cookie, (session) => void (session.n = 1))
  t.match(changed.lines, [/; Max-Age=60; /])
  t.equal(store.touches, 5)
  clock.advance(60)
  t.same((await send(cookie, read)).body, {}, 'the session ends after inactivity')
})

t.test('rolling costs no touch if reads prolong the record, and a write if the store has no touch', async (t) => {
  const clock = fakeClock(t)
  const memory = new InMemoryStore()
  let touched = 0
  memory.touch = async () => {
    touched++
    return true
  }
  const first = await testApp(t, { store: memory, lifetime: 60, rolling: true })
  const { cookie } = await first.send(undefined, setUser)
  for (let i = 0; i < 3; i++) {
    clock.advance(50)
    t.match((await first.send(cookie, read)).lines, [/; Max-Age=60; /])
  }
  t.equal(touched, 0)

  const store = new MapStore()
  const second = await testApp(t, { store, lifetime: 60, rolling: true })
  const plain = await second.send(undefined, setUser)
  for (let i = 0; i < 3; i++) {
    clock.advance(50)
    t.match((await second.send(plain.cookie, read)).body, { user: 'alice' })
  }
  t.equal(store.calls.write, 4)
})

t.test('rolling: a session that is gone before the touch stays gone, and no cookie is sent', async (t) => {
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: 60, rolling: true })
  const { cookie } = await send(undefined, setUser)
  const { lines, status } = await send(cookie, () => void store.entries.clear())
  t.equal(status, 200)
  t.same(lines, [])
  t.equal(store.entries.size, 0)
})

t.test('absoluteLifetime ends a session also while it is in use', async (t) => {
  const clock = fakeClock(t)
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: 60, rolling: true, absoluteLifetime: 100 })
  const { cookie } = await send(undefined, setUser)
  clock.advance(50)
  t.match((await send(cookie, read)).lines, [/; Max-Age=50; /])
  clock.advance(40)
  const late = await send(cookie, (session) => ({ remaining: session.remainingSeconds }))
  t.same(late.body, { remaining: 10 })
  t.match(late.lines, [/; Max-Age=10; /])
  t.same(store.ttls, [60, 50, 10])
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=10; /], 'a rotation does not extend the absolute deadline')
  clock.advance(10)
  t.same((await send(rotated.cookie, read)).body, {})
})

t.test('a change of a session that ends meanwhile gives a 409, and the record is removed', async (t) => {
  const clock = fakeClock(t)
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: 60 })
  const first = await send(undefined, setUser)
  const late = await send(first.cookie, (session) => {
    clock.advance(61)
    session.n = 1
  })
  t.equal(late.status, 409)
  t.match(late.body, { code: 'FST_SESSION_GONE', message: 'The session has ended meanwhile' })
  t.same(late.lines, [])
  t.equal(store.entries.size, 0)
  t.same(store.ttls, [60])
  const second = await send(undefined, setUser)
  const unchanged = await send(second.cookie, () => clock.advance(61))
  t.equal(unchanged.status, 200)
  t.same(unchanged.lines, [])
  const third = await send(undefined, setUser)
  const issued = await send(third.cookie, async (session) => {
    await session.regenerateId()
    await session.save()
    clock.advance(61)
    session.n = 1
  })
  t.equal(issued.status, 409)
  t.same(issued.lines, [], 'the cookie of the earlier save() is not sent, because the session has ended')
})

t.test('regenerate() starts the lifetime anew', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), lifetime: 60 })
  const { cookie } = await send(undefined, setUser)
  clock.advance(50)
  t.match((await send(cookie, (session) => session.regenerate(['user']))).lines, [/; Max-Age=60; /])
})

t.test('lastAccess is the time of the last stored write', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore() })
  const { cookie } = await send(undefined, setUser)
  clock.advance(10)
  t.match((await send(cookie, (session) => session.metadata)).body, {
    created: 1_700_000_000,
    lastAccess: 1_700_000_000
  })
  await send(cookie, (session) => void (session.n = 1))
  clock.advance(10)
  t.match((await send(cookie, (session) => session.metadata)).body, {
    created: 1_700_000_000,
    lastAccess: 1_700_000_010
  })
})

t.test('lifetime 0 with absoluteLifetime: the session ends that long after it was created', async (t) => {
  const clock = fakeClock(t)
  const stores = {
    three: new MapStore(),
    memory: new InMemoryStore(),
    cookie: new CookieStore({ secretKey: SECRET })
  }
  for (const [name, store] of Object.entries(stores)) {
    const { send } = await testApp(t, { store, absoluteLifetime: { hours: 1 } })
    let { cookie, lines } = await send(undefined, setUser)
    t.notMatch(lines[0], /Max-Age|Expires/, `${name}: the cookie lasts until the browser closes`)
    for (const minutes of [20, 20]) {
      clock.advance(minutes * 60)
      ;({ cookie, lines } = await send(cookie, (session) => void (session.n = minutes + session.metadata.created)))
    }
    const shown = await send(cookie, (session) => ({ left: session.remainingSeconds, ...session.metadata }))
    t.match(shown.body, { left: 1_200, lifetime: 0 }, name)
    clock.advance(1_199)
    t.match((await send(cookie, read)).body, { user: 'alice' }, name)
    clock.advance(1)
    t.same((await send(cookie, read)).body, {}, `${name}: a copied cookie no longer opens the session`)
  }
})

t.test('lifetime 0 with absoluteLifetime: a change of a session that ends meanwhile gives a 409', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  const { send } = await testApp(t, { store, absoluteLifetime: 60 })
  const { cookie } = await send(undefined, setUser)
  const late = await send(cookie, (session) => {
    clock.advance(61)
    session.n = 1
  })
  t.equal(late.status, 409)
  t.equal(store.entries.size, 0)
})

t.test('lifetime 0 with absoluteLifetime: reads and writes pass the remaining time to the store', async (t) => {
  fakeClock(t)
  const told: string[] = []
  class Prolonging extends MapStore {
    readonly readProlongs = true
    override read(id: string, lifetime?: number, ttl?: number) {
      told.push(`read ${lifetime} ${ttl}`)
      return super.read(id)
    }
    override write(id: string, data: Uint8Array, lifetime: number, ttl: number) {
      told.push(`write ${lifetime} ${ttl}`)
      return super.write(id, data, lifetime, ttl)
    }
  }
  for (const [options, expected] of [
    [{ absoluteLifetime: 60 }, 'write 0 60, read 0 60'],
    [{}, 'write 0 0, read 0 undefined'],
    [{ lifetime: 60 }, 'write 60 60, read 60 undefined']
  ] as const) {
    told.length = 0
    const { send } = await testApp(t, { store: new Prolonging(), ...options })
    const { cookie } = await send(undefined, setUser)
    await send(cookie, read)
    t.equal(told.join(', '), expected)
  }
})
