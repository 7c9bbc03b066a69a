import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionCookieOptions } from '../../types/session.ts'
import { type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const SECRET = 'thirty-two bytes of text, or more than that'
const HOUR = 3_600

const read: Handler = (session) => session.data()
const left: Handler = (session) => ({ left: session.remainingSeconds ?? 'none', lifetime: session.metadata.lifetime })
const login =
  (options: SessionCookieOptions): Handler =>
  (session) => {
    session.user = 'alice'
    session.options({ ...options })
    return { left: session.remainingSeconds ?? 'none' }
  }

const makers = {
  'three methods': () => new MapStore(),
  memory: () => new InMemoryStore(),
  cookie: () => new CookieStore({ secretKey: SECRET })
}

t.test('options({ lifetime }) ends this session on the server, also for copies of the cookie', async (t) => {
  const clock = fakeClock(t)
  for (const [name, make] of Object.entries(makers)) {
    const { send } = await testApp(t, { store: make(), lifetime: { days: 14 } })
    const { cookie, lines, body } = await send(undefined, login({ lifetime: 60 }))
    t.match(lines, [/; Max-Age=60; /], name)
    t.same(body, { left: 60 })
    clock.advance(30)
    t.same((await send(cookie, left)).body, { left: 30, lifetime: 60 }, name)
    const rotated = await send(cookie, (session) => session.regenerateId())
    t.match(rotated.lines, [/; Max-Age=30; /], `${name}: a rotation keeps the limit`)
    clock.advance(30)
    t.same((await send(rotated.cookie, read)).body, {}, `${name}: the cookie no longer opens the session`)
  }
})

t.test('with maxAge null the cookie lasts until the browser closes, and the server ends the session', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), lifetime: { days: 14 } })
  const { cookie, lines } = await send(undefined, login({ lifetime: { hours: 8 }, maxAge: null }))
  t.notMatch(lines[0], /Max-Age|Expires/)
  clock.advance(8 * HOUR - 1)
  t.same((await send(cookie, read)).body, { user: 'alice' })
  clock.advance(1)
  t.same((await send(cookie, read)).body, {})
})

t.test('options({ maxAge }) changes the cookie only, not the lifetime of the session', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), lifetime: 1_000 })
  const { cookie } = await send(undefined, login({ maxAge: 60 }))
  clock.advance(999)
  t.same((await send(cookie, read)).body, { user: 'alice' })
})

t.test('options({ lifetime }) also ends a session that would last until the browser closes', async (t) => {
  const clock = fakeClock(t)
  for (const [name, make] of Object.entries(makers)) {
    const { send } = await testApp(t, { store: make() })
    const { cookie, lines } = await send(undefined, login({ lifetime: 60 }))
    t.notMatch(lines[0], /Max-Age|Expires/, name)
    t.same((await send(cookie, left)).body, { left: 60, lifetime: 60 })
    clock.advance(60)
    t.same((await send(cookie, read)).body, {}, name)
  }
})

t.test('rolling: options({ lifetime }) shortens the allowed inactivity, in every store', async (t) => {
  const clock = fakeClock(t)
  for (const [name, make] of Object.entries(makers)) {
    const { send } = await testApp(t, { store: make(), lifetime: { days: 14 }, rolling: true })
    let { cookie, lines } = await send(undefined, login({ lifetime: 60 }))
    t.match(lines, [/; Max-Age=60; /], name)
    for (let i = 0; i < 3; i++) {
      clock.advance(59)
      const answer = await send(cookie, read)
      ;({ cookie, lines } = answer)
      t.same(answer.body, { user: 'alice' }, name)
      t.match(lines, [/; Max-Age=60; /], name)
    }
    // In some stores a read prolongs the record. An error response must not prolong the session.
    clock.advance(59)
    await send(cookie, () => {
      throw new Error('on purpose')
    })
    clock.advance(1)
    t.same(
      (await send(cookie, read)).body,
      {},
      `${name}: the session ends after a minute without a successful response`
    )
  }
})

t.test('rolling with absoluteLifetime: the earlier of the two deadlines counts', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), lifetime: 100, rolling: true, absoluteLifetime: 120 })
  const { cookie } = await send(undefined, login({ lifetime: 50 }))
  clock.advance(40)
  t.same((await send(cookie, left)).body, { left: 50, lifetime: 50 })
  clock.advance(40)
  t.same((await send(cookie, left)).body, { left: 40, lifetime: 50 })
})

t.test('options({ lifetime }) never prolongs a session; a value that is not shorter removes the limit', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 100 })
  const first = await send(undefined, login({ lifetime: 1_000 }))
  t.match(first.lines, [/; Max-Age=100; /])
  clock.advance(10)
  t.same((await send(first.cookie, login({ lifetime: 95 }))).body, { left: 90 }, 'the configured lifetime ends earlier')
  t.match((await send(first.cookie, login({ lifetime: 10 }))).lines, [/; Max-Age=10; /])
  t.match((await send(first.cookie, login({ lifetime: 100 }))).lines, [/; Max-Age=90; /])
  t.notMatch(Buffer.from([...store.entries.values()][0]?.data ?? '').toString(), /limit/)
  t.same((await send(first.cookie, login({ lifetime: 100 }))).lines, [], 'there is no limit to remove any more')
})

t.test('options({ lifetime }) counts from the call, so that a login in an old session lasts', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new InMemoryStore(), lifetime: { days: 14 } })
  const anonymous = await send(undefined, (session) => void (session.cart = [1]))
  clock.advance(9 * HOUR)
  const signedIn = await send(anonymous.cookie, async (session) => {
    await session.regenerateId()
    session.user = 'alice'
    session.options({ lifetime: { hours: 8 } })
  })
  t.equal(signedIn.status, 200)
  t.match(signedIn.lines, [/; Max-Age=28800; /])
  clock.advance(5 * HOUR)
  const same = await send(signedIn.cookie, login({ lifetime: { hours: 8 } }))
  t.same(same.lines, [], 'the same limit is no change')
  t.same(same.body, { left: 3 * HOUR })
  const again = await send(signedIn.cookie, async (session) => {
    await session.regenerateId()
    session.options({ lifetime: { hours: 8 } })
  })
  t.match(again.lines, [/; Max-Age=28800; /], 'after another login the limit counts anew')
})

t.test('regenerate() and destroy() drop the limit, but keep options() of the same request', async (t) => {
  fakeClock(t)
  const { send } = await testApp(t, { store: new InMemoryStore(), lifetime: 1_000 })
  const first = await send(undefined, login({ lifetime: 60 }))
  const anew = await send(first.cookie, async (session) => {
    session.options({ maxAge: 500 })
    await session.regenerate(['user'])
  })
  t.match(anew.lines, [/; Max-Age=500; /])
  const shortened = await send(anew.cookie, async (session) => {
    session.options({ lifetime: 70 })
    await session.regenerate(['user'])
  })
  t.match(shortened.lines, [/; Max-Age=70; /], 'maxAge of the earlier request is dropped')
  const ended = await send(shortened.cookie, async (session) => {
    await session.destroy()
    session.user = 'bob'
  })
  t.match(ended.lines, [/; Max-Age=1000; /])
})

t.test('a change of a session that meanwhile ends by its own limit gives a 409', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 1_000 })
  const { cookie } = await send(undefined, login({ lifetime: 60 }))
  const late = await send(cookie, (session) => {
    clock.advance(61)
    session.n = 1
  })
  t.equal(late.status, 409)
  t.equal(store.entries.size, 0)
})

t.test('rolling: a session that its own limit has ended leaves the list of its user', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const { app, send } = await testApp(t, { store, lifetime: HOUR, rolling: true })
  const { cookie } = await send(undefined, (session) => {
    session.bindTo('ada')
    session.options({ lifetime: 60 })
  })
  clock.advance(59)
  t.same((await send(cookie, (session) => ({ user: session.userId }))).body, { user: 'ada' })
  clock.advance(59)
  t.equal((await app.sessionsOf('ada').list()).length, 1)
  clock.advance(1)
  t.same((await send(cookie, read)).body, {}, 'the read of this request has prolonged the record')
  t.same(await app.sessionsOf('ada').list(), [])
  t.equal(store.size, 0)
})
