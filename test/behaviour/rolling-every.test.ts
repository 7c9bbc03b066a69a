import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Replaced, SessionStore } from '../../types/store.ts'
import { type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const HOUR = 3600
const EVERY: StarsessionsOptions = { lifetime: { hours: 1 }, rolling: { every: { minutes: 5 } } }

const setUser: Handler = (session) => void (session.user = 'ada')
const read: Handler = (session) => session.data()
const add: Handler = (session) => void (session.visits = (session.visits ?? 0) + 1)

/** Answers later, as a server does, so requests can overtake each other. */
class LateStore extends InMemoryStore {
  override async read(...args: Parameters<InMemoryStore['read']>): Promise<Uint8Array | null> {
    await turn()
    return super.read(...args)
  }

  override async replace(...args: Parameters<InMemoryStore['replace']>): Promise<Replaced> {
    await turn()
    return super.replace(...args)
  }
}

/** A store that notes its calls: the name, and the ttl of a call that has one. */
function noted<S extends SessionStore>(store: S): { store: S; calls(): string[] } {
  const calls: string[] = []
  const proxy = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function' || name === 'forCookie') return member
      return (...args: unknown[]) => {
        const ttl = { read: args[2], write: args[3], replace: args[4], touch: args[2] }[String(name)]
        calls.push(ttl === undefined ? String(name) : `${String(name)} ${Math.round(Number(ttl))}`)
        return member.apply(target, args)
      }
    }
  })
  return { store: proxy, calls: () => calls.splice(0) }
}

t.test('with `every`, a request that only reads makes one read and sends no cookie', async (t) => {
  const clock = fakeClock(t)
  const { store, calls } = noted(new InMemoryStore())
  const { send } = await testApp(t, { store, ...EVERY })
  const { cookie } = await send(undefined, setUser)
  calls()
  for (const minutes of [1, 2, 1]) {
    clock.advance(minutes * 60)
    const { lines, body } = await send(cookie, read)
    t.same(body, { user: 'ada' })
    t.same(lines, [])
    t.same(calls(), ['read'], 'the read prolongs nothing')
  }
})

t.test('after `every`, one replace prolongs the record and the cookie', async (t) => {
  const clock = fakeClock(t)
  const { store, calls } = noted(new InMemoryStore())
  const { send } = await testApp(t, { store, ...EVERY })
  const { cookie } = await send(undefined, setUser)
  calls()
  clock.advance(300)
  const { lines } = await send(cookie, read)
  t.match(lines, [/^session=[^;]+; Max-Age=3600; /])
  t.same(calls(), ['read', 'replace 3600'])
  clock.advance(299)
  t.same((await send(cookie, read)).lines, [], 'the next five minutes begin with the prolongation')
})

t.test('a session that is used ends `lifetime` after the last prolongation', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, EVERY)
  const { cookie } = await send(undefined, setUser)
  clock.advance(299)
  t.same((await send(cookie, (session) => ({ left: session.remainingSeconds }))).body, { left: HOUR - 299 })
  clock.advance(HOUR - 300)
  t.same((await send(cookie, read)).body, { user: 'ada' }, 'one second before its end')
  clock.advance(HOUR - 1)
  t.same((await send(cookie, read)).body, { user: 'ada' }, 'the last request has prolonged it')
  clock.advance(HOUR)
  t.same((await send(cookie, read)).body, {})
})

t.test('a change between two prolongations keeps the end of the session, and sends no cookie', async (t) => {
  const clock = fakeClock(t)
  const { store, calls } = noted(new InMemoryStore())
  const { send } = await testApp(t, { store, ...EVERY })
  const { cookie } = await send(undefined, setUser)
  calls()
  clock.advance(100)
  t.same((await send(cookie, add)).lines, [])
  t.same(calls(), ['read', `replace ${HOUR - 100}`])
  clock.advance(100)
  await send(cookie, (session) => session.update((newest) => void newest.visits++))
  t.same(calls(), ['read', `replace ${HOUR - 200}`])
  clock.advance(100)
  t.match((await send(cookie, add)).lines, [/; Max-Age=3600; /], 'but the first one after `every` prolongs')
  t.same(calls(), ['read', `replace ${HOUR}`])
  t.same((await send(cookie, read)).body, { user: 'ada', visits: 3 })
})

t.test('a new id prolongs the session', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, EVERY)
  const { cookie } = await send(undefined, setUser)
  clock.advance(100)
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=3600; /])
  clock.advance(HOUR - 1)
  t.same((await send(rotated.cookie, read)).body, { user: 'ada' })
})

t.test('a new id prolongs the session of a user, in the store as well', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, EVERY)
  const { cookie } = await send(undefined, (session) => session.bindTo('ada'))
  clock.advance(100)
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=3600; /])
  clock.advance(HOUR - 1)
  t.same((await send(rotated.cookie, (session) => ({ user: session.userId }))).body, { user: 'ada' })
})

t.test('of several requests at once, one prolongs the session', async (t) => {
  const clock = fakeClock(t)
  const { store, calls } = noted(new LateStore())
  const { send } = await testApp(t, { store, ...EVERY })
  const { cookie } = await send(undefined, setUser)
  calls()
  clock.advance(300)
  const answers = await Promise.all(Array.from({ length: 5 }, () => send(cookie, read)))
  t.equal(answers.filter(({ lines }) => lines.length > 0).length, 1)
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(calls().filter((call) => call.startsWith('replace')).length, 5, 'the others find that it is done')
})

t.test('a session that has ended meanwhile is not prolonged, and its cookie is not sent again', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new InMemoryStore(), ...EVERY })
  const { cookie } = await send(undefined, setUser)
  clock.advance(300)
  const { lines, status } = await send(cookie, async () => {
    await send(cookie, (session) => session.destroy())
    return {}
  })
  t.equal(status, 200)
  t.same(lines, [])
})

t.test('a shorter lifetime of its own prolongs a session when half of it is over', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, EVERY)
  const { cookie } = await send(undefined, (session) => {
    session.user = 'ada'
    session.options({ lifetime: 120 })
  })
  clock.advance(59)
  t.same((await send(cookie, read)).lines, [])
  clock.advance(1)
  t.match((await send(cookie, read)).lines, [/; Max-Age=120; /])
  clock.advance(119)
  t.same((await send(cookie, read)).body, { user: 'ada' })
  clock.advance(121)
  t.same((await send(cookie, read)).body, {})
})

t.test('the absolute lifetime ends the session all the same', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { ...EVERY, absoluteLifetime: { hours: 2 } })
  const { cookie } = await send(undefined, setUser)
  clock.advance(HOUR - 1)
  await send(cookie, read)
  clock.advance(HOUR - 99)
  t.match((await send(cookie, read)).lines, [/; Max-Age=100; /])
  clock.advance(101)
  t.same((await send(cookie, read)).body, {})
})

t.test('with a cookie store, a response between two prolongations sends no cookie', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new CookieStore({ secretKey: 's'.repeat(32) }), ...EVERY })
  const { cookie } = await send(undefined, setUser)
  clock.advance(299)
  t.same((await send(cookie, read)).lines, [])
  clock.advance(1)
  const prolonged = await send(cookie, read)
  t.match(prolonged.lines, [/; Max-Age=3600; /])
  clock.advance(HOUR - 1)
  t.same((await send(prolonged.cookie, read)).body, { user: 'ada' })
  t.same((await send(cookie, read)).body, {}, 'the cookie of before has ended')
})

t.test('a save() after the headers does not prolong the record without the cookie', async (t) => {
  const clock = fakeClock(t)
  for (const inner of [new InMemoryStore(), new MapStore()]) {
    const { store, calls } = noted(inner as SessionStore)
    const { app, send } = await testApp(t, { store, ...EVERY }, (app) => {
      app.get('/stream', async (request, reply) => {
        const session = await request.loadSession()
        reply.hijack()
        reply.raw.writeHead(200)
        session.seen = true
        await session.save()
        reply.raw.end('ok')
      })
    })
    const { cookie } = await send(undefined, setUser)
    clock.advance(300)
    calls()
    t.equal((await app.inject({ url: '/stream', headers: { cookie: String(cookie) } })).body, 'ok')
    t.match(calls().at(-1), new RegExp(`${HOUR - 300}$`))
    t.match((await send(cookie, read)).lines, [/; Max-Age=3600; /], 'the next response prolongs both')
  }
})

t.test('a shorter lifetime of its own begins when it is set, not at the last prolongation', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, EVERY)
  const { cookie } = await send(undefined, setUser)
  clock.advance(200)
  const { status, lines, body } = await send(cookie, (session) => {
    session.options({ lifetime: 60 })
    return { left: session.remainingSeconds }
  })
  t.same([status, body], [200, { left: 60 }])
  t.match(lines, [/; Max-Age=60; /])
  clock.advance(59)
  t.same((await send(cookie, read)).body, { user: 'ada' })
})

t.test('after the clock was set back, the next response prolongs the session', async (t) => {
  const clock = fakeClock(t)
  const { store, calls } = noted(new InMemoryStore())
  const { send } = await testApp(t, { store, ...EVERY })
  const { cookie } = await send(undefined, setUser)
  calls()
  clock.advance(-2 * HOUR)
  t.match((await send(cookie, read)).lines, [/; Max-Age=3600; /])
  t.same(calls(), ['read', 'replace 3600'], 'a store with a clock of its own would end the session otherwise')
  clock.advance(100)
  t.same((await send(cookie, read)).lines, [])
})

t.test('over a store with three methods, a request that only reads undoes no change and no logout', async (t) => {
  const clock = fakeClock(t)
  const { send } = await testApp(t, { store: new MapStore(), ...EVERY })
  const during = (other: Handler): Handler => {
    return async (_session, request) => void (await send(String(request.headers.cookie), other))
  }
  const { cookie } = await send(undefined, setUser)
  clock.advance(300)
  t.same((await send(cookie, during(add))).lines, [])
  t.same((await send(cookie, read)).body, { user: 'ada', visits: 1 })
  clock.advance(300)
  t.same(
    (
      await send(
        cookie,
        during((session) => session.destroy())
      )
    ).lines,
    []
  )
  t.same((await send(cookie, read)).body, {})
})

const REFUSED: readonly (readonly [StarsessionsOptions, RegExp])[] = [
  [{ rolling: { every: 60 } }, /option "rolling" needs a "lifetime"/],
  [
    { lifetime: 60, rolling: { every: 60 } },
    /option "rolling\.every" must be at least 1 second and less than "lifetime"/
  ],
  [{ lifetime: 60, rolling: { every: 0 } }, /option "rolling\.every" must be at least 1 second/],
  [{ lifetime: 60, rolling: {} as { every: number } }, /option "rolling\.every" must be at least 1 second/],
  [{ lifetime: 60, rolling: { every: -1 } }, /option "rolling\.every"/],
  [{ lifetime: 60, rolling: { evry: 1 } as unknown as { every: number } }, /option "rolling": unknown option "evry"/],
  [{ lifetime: 60, rolling: 'yes' as unknown as boolean }, /option "rolling" must be true, false or \{ every/]
]

for (const [options, message] of REFUSED) {
  t.test(`refuses ${JSON.stringify(options)}`, (t) => t.rejects(testApp(t, options), { message }))
}
