import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { Session } from '../../types/session.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, subjects, watched } from './subjects.ts'

const stores = await subjects(t)
const login: Handler = (session) => void (session.user = 'alice')
const show: Handler = (session) => session.data()

/** A careless deep merge, as applications and libraries do it with data. */
function mergeDeeply(target: Record<string, unknown>, source: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(source)) {
    const value = source[key]
    const isNested = typeof value === 'object' && value !== null
    if (isNested && typeof target[key] === 'object' && target[key] !== null) {
      mergeDeeply(target[key] as Record<string, unknown>, value as Record<string, unknown>)
    } else {
      target[key] = value
    }
  }
  return target
}

const POLLUTION = '{"polluted":true,"prototype":{"polluted":true}}'

t.test('__proto__, constructor and prototype in stored data pollute nothing, at any depth', async (t) => {
  const names = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', '__pr\\u006fto__', 'construct\\u006fr']
  for (const depth of [0, 1, 2, 5, 50, 97]) {
    for (const name of names) {
      const inner = `{"${name}":${POLLUTION},"kept":1}`
      for (const [open, close] of [
        ['{"a":', '}'],
        ['{"a":[', ']}']
      ] as const) {
        if (open.includes('[') && depth > 45) continue
        const text = `${open.repeat(depth)}${inner}${close.repeat(depth)}`
        const store = new MapStore()
        const { send } = await testApp(t, { store })
        await store.write('known', Buffer.from(text), 0, 0)
        const { status, body } = await send('session=known', (session) => {
          const data = session.data()
          const { ...copy } = data
          // The library keeps these keys apart on the first level only, so the merge begins one level below.
          for (const key of Object.keys(data)) mergeDeeply({ [key]: {} }, { [key]: data[key] })
          mergeDeeply({}, { a: copy.a })
          Object.assign(Object.create(null), data)
          return {
            polluted: [{}, [], session, Object, () => 0].some((value) => 'polluted' in value),
            isSession: typeof session.get === 'function' && typeof session.regenerateId === 'function',
            kept: JSON.stringify(data).includes('"kept":1')
          }
        })
        t.equal(status, 200)
        t.same(body, { polluted: false, isSession: true, kept: true }, `${name} at depth ${depth}`)
        const again = await send('session=known', (session) => {
          session.count = 1
        })
        t.equal(again.status, 200)
        t.match((await send('session=known', show)).body, { count: 1 }, 'the session can be changed and written')
      }
    }
  }
  t.equal('polluted' in {}, false)
})

t.test('__proto__, constructor and prototype in stored metadata pollute nothing', async (t) => {
  const at = Date.now() / 1000
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    const store = new MapStore()
    const { send } = await testApp(t, { store, lifetime: 60, rolling: true })
    const metadata = `{"created":${at},"last_access":${at},"${name}":${POLLUTION},"cookie":{"maxAge":null,"${name}":${POLLUTION}}}`
    await store.write('known', Buffer.from(`{"user":"alice","__metadata__":${metadata}}`), 0, 0)
    const { body } = await send('session=known', (session) => {
      session.count = 1
      return { user: session.user, polluted: 'polluted' in session.metadata || 'polluted' in {} }
    })
    t.same(body, { user: 'alice', polluted: false })
    t.same((await send('session=known', show)).body, { user: 'alice', count: 1 })
  }
})

t.test('__proto__, constructor and prototype as keys that an application sets pollute nothing', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { send } = await testApp(t, { store: subject.make() })
    const hostile = JSON.parse(`{"__proto__":${POLLUTION},"constructor":${POLLUTION},"user":"alice"}`)
    const { cookie, status } = await send(undefined, (session) => {
      for (const key of Object.keys(hostile)) session.set(key, hostile[key])
    })
    t.equal(status, 200)
    const { body } = await send(cookie, (session) => ({
      user: session.user,
      polluted: 'polluted' in session || 'polluted' in {},
      keys: Object.keys(session.data())
    }))
    t.match(body, { user: 'alice', polluted: false })
    t.same(new Set((body as { keys: string[] }).keys), new Set(['user', '__proto__', 'constructor']))
    const assigned = await send(cookie, (session) => void Object.assign(session, hostile))
    t.match(assigned.body, { code: 'FST_SESSION_KEY' })
  })
})

t.test('a record that is not a session gives a new session, not an error', async (t) => {
  const { send, problems } = await testApp(t, { store: stores.serverSide[0]!.make() })
  const records = ['[1]', '"x"', 'null', 'NaN', `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`, '{"__metadata__":"x"}']
  for (const record of records) {
    const store = new MapStore()
    const app = await testApp(t, { store })
    await store.write('known', Buffer.from(record), 0, 0)
    const { status, body, cookie } = await app.send('session=known', (session) => {
      const { isNew, isEmpty } = session
      session.user = 'alice'
      return { isNew, isEmpty }
    })
    t.equal(status, 200)
    t.same(body, { isNew: true, isEmpty: true })
    t.notMatch(cookie, /known/)
    t.same((await app.send(cookie, show)).body, { user: 'alice' })
    t.equal(app.problems().length, 1)
  }
  t.same((await send(undefined, show)).body, {})
  t.same(problems(), [])
})

t.test('a value that cannot be serialized fails with the name of its key and is never dropped', async (t) => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const values: Record<string, unknown> = {
    BigInt: 1n,
    'a function': () => 0,
    'a symbol': Symbol('s'),
    'a cycle': cycle,
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    'a Map': new Map([[1, 2]]),
    'a Set': new Set([1]),
    'an invalid Date': new Date(Number.NaN),
    'a list with a hole': [1, undefined, 2]
  }
  await forEach(t, stores.all, async (t, subject) => {
    const { send, problems } = await testApp(t, { store: subject.make() })
    const { cookie } = await send(undefined, login)
    for (const [what, value] of Object.entries(values)) {
      for (const [key, held] of [
        ['cart', value],
        ['cart', { deep: [{ total: value }] }]
      ] as const) {
        const { status, body, lines } = await send(cookie, (session) => {
          session.fine = 1
          session[key] = held
        })
        t.equal(status, 500, what)
        t.match(body, { code: 'FST_SESSION_SERIALIZE' })
        t.same(lines, [])
        t.match(JSON.stringify(problems().at(-1)), /cart/)
      }
    }
    const keyed = await send(cookie, (session) => void Object.assign(session, { fine: 1, [Symbol('cart')]: 1 }))
    t.equal(keyed.status, 500, 'a symbol as a key')
    t.match(JSON.stringify(problems().at(-1)), /symbol/)
    t.same((await send(cookie, show)).body, { user: 'alice' }, 'the stored session is unchanged')
  })
})

t.test('a flood of new sessions cannot exhaust the memory, because the memory store has a limit', async (t) => {
  const warnings: (Error & { code?: string })[] = []
  const note = (warning: Error & { code?: string }) => {
    if (warning.code?.startsWith('FST_SESSION_')) warnings.push(warning)
  }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const store = new InMemoryStore({ maxSessions: 100 })
  const { send } = await testApp(t, { store, lifetime: 60 })
  const cookies: (string | undefined)[] = []
  for (let count = 0; count < 500; count++) {
    cookies.push((await send(undefined, login)).cookie)
    if (store.size > 100) t.fail(`${store.size} sessions`)
  }
  t.equal(store.size, 100)
  t.same((await send(cookies.at(-1), show)).body, { user: 'alice' }, 'the newest sessions are kept')
  t.same((await send(cookies[0], show)).body, {}, 'the oldest sessions are gone')
  await new Promise((resolve) => setImmediate(resolve))
  t.same(
    warnings.map(({ code }) => code),
    ['FST_SESSION_MEMORY_FULL']
  )
})

t.test('sessions that were used again survive a flood of new sessions in the memory store', async (t) => {
  const { send } = await testApp(t, { store: new InMemoryStore({ maxSessions: 200 }), lifetime: 60 })
  const users: (string | undefined)[] = []
  for (let count = 0; count < 20; count++) {
    const { cookie } = await send(undefined, login)
    await send(cookie, show)
    users.push(cookie)
  }
  for (let count = 0; count < 400; count++) {
    await send(undefined, async (session) => {
      session.csrf = count
      await session.save()
      session.seen = true
    })
  }
  for (const cookie of users) t.same((await send(cookie, show)).body, { user: 'alice' })
  const { cookie } = await send(undefined, login)
  t.same((await send(cookie, show)).body, { user: 'alice' }, 'new users can still log in')
})

t.test('the cost of an eviction does not grow with the number of sessions', async (t) => {
  const costOfEvictions = async (maxSessions: number) => {
    const store = new InMemoryStore({ maxSessions })
    const data = Buffer.from('{}')
    for (let id = 0; id < maxSessions; id++) await store.write(`a${id}`, data, 60, 60)
    const start = process.cpuUsage()
    for (let id = 0; id < 20_000; id++) await store.write(`b${id}`, data, 60, 60)
    const { user, system } = process.cpuUsage(start)
    t.equal(store.size, maxSessions)
    return user + system
  }
  await costOfEvictions(1_000)
  const few = await costOfEvictions(1_000)
  const many = await costOfEvictions(100_000)
  t.ok(many < 20 * few, `${few} microseconds for 1,000 sessions, ${many} for 100,000`)
})

t.test('an anonymous visitor gets no id, record or cookie until data are written', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const options of [{}, { lifetime: 60, rolling: true }, { autoload: true }]) {
      const { store, calls } = watched(subject.make())
      const { send, app } = await testApp(t, { store, ...options }, (app) => {
        app.get('/static', async () => 'x')
      })
      const visits: ((session: Session) => unknown)[] = [
        () => undefined,
        (session) => session.user ?? 'nobody',
        (session) => {
          session.a = 1
          delete session.a
        },
        (session) => session.clear(),
        (session) => session.regenerateId(),
        (session) => session.regenerate(['a']),
        (session) => session.save(),
        (session) => session.reload(),
        (session) => session.destroy(),
        (session) => session.options({ maxAge: 5 })
      ]
      for (const visit of visits) {
        const { lines, status } = await send(undefined, visit)
        t.equal(status, 200)
        t.same(lines, [])
      }
      t.equal((await app.inject('/static')).headers['set-cookie'], undefined)
      t.equal((await app.inject('/missing')).headers['set-cookie'], undefined)
      t.same(calls, [], 'no visit has called the store')
      const { cookie } = await send(undefined, login)
      t.ok(cookieValue(cookie).length > 40)
      t.equal(calls.length, 1)
    }
  })
})
