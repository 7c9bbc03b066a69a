import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, subjects, watched } from './subjects.ts'

const stores = await subjects(t)
const START = 1_700_000_000
const login: Handler = (session) => void (session.user = 'alice')
const show: Handler = (session) => session.data()
const count: Handler = (session) => void (session.count = Number(session.count ?? 0) + 1)

t.test('a session ends at its deadline although the browser keeps sending the cookie', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t)
    const { send } = await testApp(t, { store: subject.make(), lifetime: 60 })
    let { cookie } = await send(undefined, login)
    for (let second = 10; second < 60; second += 10) {
      clock.advance(10)
      cookie = (await send(cookie, count)).cookie
    }
    clock.advance(9.9)
    t.same((await send(cookie, show)).body, { user: 'alice', count: 5 })
    clock.advance(0.1)
    t.same((await send(cookie, show)).body, {}, 'requests have not prolonged the session')
  })
})

t.test('a lowered lifetime ends older sessions (OWASP ASVS 5.0, 7.3.2)', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t)
    const store = subject.make()
    const before = await testApp(t, { store, lifetime: { days: 14 } })
    const first = await before.send(undefined, login)
    clock.advance(100)
    // This change signs the cookie again. The lifetime must still count from the creation of the session.
    const { cookie } = await before.send(first.cookie, count)
    clock.advance(20)
    t.match((await before.send(cookie, show)).body, { user: 'alice' })
    const fixed = await testApp(t, { store, lifetime: 119 })
    const rolling = await testApp(t, { store, lifetime: 50, rolling: true, absoluteLifetime: 119 })
    for (const { send } of [fixed, rolling]) {
      t.same((await send(first.cookie, show)).body, {})
      t.same((await send(cookie, show)).body, {})
    }
    const enough = await testApp(t, { store, lifetime: 121 })
    t.match((await enough.send(cookie, show)).body, { user: 'alice' })
  })
})

t.test('a new lifetime also ends sessions that were made to last until the browser closes', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t)
    const store = subject.make()
    const { cookie } = await (await testApp(t, { store })).send(undefined, login)
    clock.advance(61)
    t.same((await (await testApp(t, { store, lifetime: 60 })).send(cookie, show)).body, {})
  })
})

t.test('a rolling session ends after inactivity', async (t) => {
  const options: StarsessionsOptions = { lifetime: 60, rolling: true }
  await t.test('in a cookie by the time in its signature, even if the browser keeps the cookie', async (t) => {
    const clock = fakeClock(t)
    const subject = stores.all.find(({ name }) => name === 'CookieStore')!
    const { send } = await testApp(t, { store: subject.make(), ...options })
    let { cookie } = await send(undefined, login)
    const early = cookie
    for (let request = 0; request < 4; request++) {
      clock.advance(50)
      const next = await send(cookie, show)
      t.same(next.body, { user: 'alice' })
      t.not(next.cookie, cookie)
      cookie = next.cookie
    }
    t.same((await send(early, show)).body, {}, 'the first cookie is too old by now')
    clock.advance(60)
    t.same((await send(cookie, show)).body, { user: 'alice' })
    clock.advance(1)
    t.same((await send(cookie, show)).body, {})
  })

  await t.test('in memory by the ttl of the store', async (t) => {
    const clock = fakeClock(t)
    const subject = stores.all.find(({ name }) => name === 'InMemoryStore')!
    const { send } = await testApp(t, { store: subject.make(), ...options })
    const { cookie } = await send(undefined, login)
    for (let request = 0; request < 4; request++) {
      clock.advance(50)
      t.same((await send(cookie, show)).body, { user: 'alice' })
    }
    clock.advance(60)
    t.same((await send(cookie, show)).body, {})
  })

  await t.test('in Redis by the expiry of the key', async (t) => {
    const subject = stores.all.find(({ name }) => name === 'RedisStore')!
    const { send } = await testApp(t, { store: subject.make(), lifetime: 3, rolling: true })
    await stores.redis.flushall()
    const { cookie } = await send(undefined, login)
    for (let request = 0; request < 4; request++) {
      await sleep(1_000)
      t.same((await send(cookie, show)).body, { user: 'alice' })
    }
    const [key] = await stores.redis.keys('*')
    const left = await stores.redis.pttl(String(key))
    t.ok(left > 0 && left <= 3_000)
    await sleep(3_100)
    t.same((await send(cookie, show)).body, {})
    t.equal(await stores.redis.dbsize(), 0)
  })
})

t.test('absoluteLifetime ends a session that is in use, and a rotation does not extend it', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t)
    const { send } = await testApp(t, { store: subject.make(), lifetime: 60, rolling: true, absoluteLifetime: 100 })
    let { cookie } = await send(undefined, login)
    for (const pause of [40, 40, 19]) {
      clock.advance(pause)
      cookie = (await send(cookie, (session) => session.regenerateId())).cookie
      t.same((await send(cookie, show)).body, { user: 'alice' })
    }
    clock.advance(1)
    t.same((await send(cookie, show)).body, {})
  })
})

t.test('every lifetime and ttl for a store is above 0, and every Max-Age is at least 1 (property)', async (t) => {
  const configurations: StarsessionsOptions[] = [
    { lifetime: 1 },
    { lifetime: 60 },
    { lifetime: 60, rolling: true },
    { lifetime: 60, rolling: true, absoluteLifetime: 100 }
  ]
  const actions: Handler[] = [
    show,
    login,
    count,
    (session) => session.clear(),
    (session) => session.destroy(),
    (session) => session.regenerateId(),
    (session) => session.regenerate(['user']),
    (session) => session.options({ maxAge: 1 }),
    (session) => session.save()
  ]
  const seconds = fc.oneof(
    fc.constantFrom(0, 0.001, 0.999, 1, 59.999, 60, 60.001, 40, 20),
    fc.nat(70_000).map((ms) => ms / 1000)
  )
  const step = fc.record({ before: seconds, during: seconds, action: fc.nat(actions.length - 1) })
  const clock = fakeClock(t)
  for (const options of configurations) {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        for (const subject of stores.all.filter(({ name }) => name !== 'RedisStore')) {
          clock.set(START)
          const { store, calls } = watched(subject.make())
          const { send, app } = await testApp(t, { store, ...options })
          let { cookie, lines } = await send(undefined, login)
          for (const { before, during, action } of steps) {
            clock.advance(before)
            const next = await send(cookie, async (session, request) => {
              await actions[action]!(session, request)
              clock.advance(during)
            })
            if (next.status !== 200 && next.status !== 409) throw new Error(`status ${next.status}`)
            lines = [...lines, ...next.lines]
            cookie = next.cookie
          }
          await app.close()
          for (const { method, numbers } of calls) {
            if (numbers.some((number) => !(number > 0))) throw new Error(`${method}(${numbers})`)
          }
          const ages = lines.map((line) => /Max-Age=([^;]*)/.exec(line)?.[1]).filter((age) => age !== undefined)
          const wrong = ages.find((age) => !/^[1-9]\d*$/.test(age) || Number(age) > 60)
          if (wrong !== undefined) throw new Error(`Max-Age=${wrong}`)
        }
      }),
      { numRuns: 60 }
    )
  }
  t.pass('for all sequences that were tried')
})

t.test('a session whose time runs out during a request is removed', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 60 })
  const { cookie } = await send(undefined, login)
  const late = await send(cookie, (session) => {
    session.count = 1
    clock.advance(60)
  })
  t.equal(late.status, 409)
  t.same(late.lines, [])
  t.equal(store.entries.size, 0)
})

t.test('metadata in a record cannot lengthen the configured lifetimes', async (t) => {
  const put = async (store: MapStore, metadata: object) => {
    const record = JSON.stringify({ user: 'alice', __metadata__: metadata })
    await store.write('known', Buffer.from(record), 0, 0)
  }
  const long = { lifetime: 9e9, absoluteLifetime: 9e9, rolling: true, ttl: 9e9, cookie: { maxAge: 9e9 } }
  const configurations: StarsessionsOptions[] = [
    { lifetime: 60 },
    { lifetime: 60, rolling: true, absoluteLifetime: 60 }
  ]
  for (const options of configurations) {
    const clock = fakeClock(t)
    const store = new MapStore()
    const { send } = await testApp(t, { store, ...options })
    await put(store, { ...long, created: START - 50, last_access: START })
    const { lines, body } = await send('session=known', async (session) => {
      session.count = 1
      await session.regenerateId()
      return { remaining: session.remainingSeconds, lifetime: session.metadata.lifetime }
    })
    t.same(body, { remaining: 10, lifetime: 60 })
    t.match(lines, [/; Max-Age=10; /])
    t.equal([...store.entries.values()][0]?.expires, START + 10)
    await put(store, { ...long, created: START - 60, last_access: START })
    t.same((await send('session=known', show)).body, {}, 'the session has ended')
    clock.set(START)
  }
})

t.test('a record from the future is refused only in a cookie, whose life nothing else limits', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t, START + 61)
    const store = subject.make()
    const isCookie = store.ownsIds === true
    const { send } = await testApp(t, { store, lifetime: 3_600 })
    const { cookie } = await send(undefined, login)
    clock.set(START)
    t.same((await send(cookie, show)).body, isCookie ? {} : { user: 'alice' })
    clock.set(START + 58)
    t.same((await send(cookie, show)).body, { user: 'alice' })
  })
  await t.test('a creation or last access in the future counts as now', async (t) => {
    fakeClock(t)
    for (const store of [new MapStore(), new CookieStore({ secretKey: 's'.repeat(32) })]) {
      const { send } = await testApp(t, { store, lifetime: 3_600 })
      for (const [created, last_access, isFar] of [
        [START + 61, START, true],
        [START, START + 61, true],
        [START + 60, START + 60, false]
      ] as const) {
        const record = JSON.stringify({ user: 'alice', __metadata__: { lifetime: 3_600, created, last_access } })
        const bound = 'forCookie' in store ? store.forCookie('session') : store
        const id = await bound.write('known', Buffer.from(record), 3_600, 3_600)
        const opens = store instanceof MapStore || !isFar
        const { body } = await send(`session=${id}`, (session) => [
          session.user,
          session.metadata.created,
          session.metadata.lastAccess,
          session.remainingSeconds
        ])
        t.same(body, opens ? ['alice', START, START, 3_600] : [null, START, START, 3_600])
      }
    }
  })
})

t.test('regenerateId() does not extend a fixed lifetime', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const clock = fakeClock(t)
    const { send } = await testApp(t, { store: subject.make(), lifetime: 60 })
    const { cookie } = await send(undefined, login)
    clock.advance(40)
    const rotated = await send(cookie, (session) => session.regenerateId())
    t.match(rotated.lines, [/; Max-Age=20; /])
    t.ok(cookieValue(rotated.cookie).length > 0)
    clock.advance(20)
    t.same((await send(rotated.cookie, show)).body, {})
  })
})
