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

t.test('lifetime 0: a cookie without Max-Age, and the store picks its bound', async (t) => {
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

t.test('fixed: it ends its lifetime after it was created, whatever happens in between', async (t) => {
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
  t.same(changed.lines, [], 'the cookie has its expiry already')
  t.same(store.ttls, [60, 20])
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=20; /], 'a rotation does not prolong')
  clock.advance(20)
  store.entries.forEach((entry) => {
    entry.expires = Number.POSITIVE_INFINITY
  })
  t.same((await send(rotated.cookie, read)).body, {}, 'the deadline is checked at load, whatever the store says')
})

t.test('a lifetime that was lowered ends older sessions', async (t) => {
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

t.test('stored metadata cannot lengthen a lifetime', async (t) => {
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

t.test('rolling: each response that loaded the session extends it, without a write', async (t) => {
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
  t.equal(store.calls.read, 5, 'where the last one wins, none is read again')
  const changed = await send(cookie, (session) => void (session.n = 1))
  t.match(changed.lines, [/; Max-Age=60; /])
  t.equal(store.touches, 5)
  clock.advance(60)
  t.same((await send(cookie, read)).body, {}, 'it ends after inactivity')
})

t.test('rolling over a store whose read prolongs needs no touch; over one without touch, a write', async (t) => {
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

t.test('rolling: a session that is gone when it is touched stays gone, without a cookie', async (t) => {
  const store = new TouchStore()
  const { send } = await testApp(t, { store, lifetime: 60, rolling: true })
  const { cookie } = await send(undefined, setUser)
  const { lines, status } = await send(cookie, () => void store.entries.clear())
  t.equal(status, 200)
  t.same(lines, [])
  t.equal(store.entries.size, 0)
})

t.test('absoluteLifetime ends a session however active it is', async (t) => {
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

t.test('a session that ends while it is changed is removed: 409, and nothing is written', async (t) => {
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
  t.same(issued.lines, [], 'a cookie of an earlier save() would be that of a dead session')
})

t.test('regenerate() begins a lifetime anew', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), lifetime: 60 })
  const { cookie } = await send(undefined, setUser)
  clock.advance(50)
  t.match((await send(cookie, (session) => session.regenerate(['user']))).lines, [/; Max-Age=60; /])
})

t.test('the time of the last write is that of the stored record', async (t) => {
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

t.test(
  'lifetime 0 with an absolute one: it ends that long after it was created, however often it is used',
  async (t) => {
    const clock = fakeClock(t)
    const stores = {
      three: new MapStore(),
      memory: new InMemoryStore(),
      cookie: new CookieStore({ secretKey: SECRET })
    }
    for (const [name, store] of Object.entries(stores)) {
      const { send } = await testApp(t, { store, absoluteLifetime: { hours: 1 } })
      let { cookie, lines } = await send(undefined, setUser)
      t.notMatch(lines[0], /Max-Age|Expires/, `${name}: the cookie is for the open browser`)
      for (const minutes of [20, 20]) {
        clock.advance(minutes * 60)
        ;({ cookie, lines } = await send(cookie, (session) => void (session.n = minutes + session.metadata.created)))
      }
      const shown = await send(cookie, (session) => ({ left: session.remainingSeconds, ...session.metadata }))
      t.match(shown.body, { left: 1_200, lifetime: 0 }, name)
      clock.advance(1_199)
      t.match((await send(cookie, read)).body, { user: 'alice' }, name)
      clock.advance(1)
      t.same((await send(cookie, read)).body, {}, `${name}: a copied cookie opens nothing any more`)
    }
  }
)

t.test('lifetime 0 with an absolute one: a session that ends while it is changed is 409', async (t) => {
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

t.test('lifetime 0 with an absolute one: the store is told what is left, also by a read that prolongs', async (t) => {
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
