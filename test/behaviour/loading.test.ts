import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import type { Replaced } from '../../types/store.ts'
import { cookieValue, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const put = (store: MapStore, id: string, record: string) => store.write(id, Buffer.from(record), 0, 0)

t.test('without a cookie the session is new and empty, and the store is not called', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { lines, body } = await send(undefined, (session) => ({
    isNew: session.isNew,
    isEmpty: session.isEmpty,
    id: session.id
  }))
  t.match(body, { isNew: true, isEmpty: true, id: /^[\w-]{43}$/ })
  t.same(lines, [])
  t.same(store.calls, { read: 0, write: 0, remove: 0 })
})

t.test('a value that cannot be an id does not reach the store', async (t) => {
  const store = new MapStore()
  const { send, problems } = await testApp(t, { store })
  for (const value of [
    '',
    ' ',
    'a b',
    '%41',
    '"a"',
    'a,b',
    'a\\b',
    'é',
    'a\u0001',
    'a'.repeat(4097),
    'a'.repeat(2 ** 20)
  ]) {
    const { status, lines } = await send(`session=${value}`, (session) => ({ isNew: session.isNew }))
    t.equal(status, 200)
    t.same(lines, [])
  }
  t.equal(store.calls.read, 0)
  t.same(problems(), [])
})

t.test('an id that the store does not know is never adopted, and its cookie is not cleared', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const chosen = 'a'.repeat(43)
  const looked = await send(`session=${chosen}`, (session) => ({ id: session.id }))
  t.same(looked.lines, [], 'a late response must not log out a user who has just logged in')
  t.not((looked.body as { id: string }).id, chosen)
  t.same(store.calls, { read: 1, write: 0, remove: 0 })
  const written = await send(`session=${chosen}`, (session) => {
    session.user = 'alice'
  })
  t.not(cookieValue(written.cookie), chosen)
  t.equal(store.entries.has(chosen), false)
})

t.test('loading a session several times in one request costs one read', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  store.calls.read = 0
  await send(cookie, async (session, request) => {
    const all = await Promise.all([request.loadSession(), request.loadSession()])
    t.ok(all.every((one) => one === session))
    t.equal(request.session, session)
  })
  t.equal(store.calls.read, 1)
})

t.test('for an unusable record the request gets a new session, and the log says why', async (t) => {
  fakeClock(t)
  const store = new MapStore()
  const { send, problems, log } = await testApp(t, { store, lifetime: 60 })
  const records: [string, string][] = [
    ['', 'unparsable'],
    ['[1]', 'not-an-object'],
    [`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`, 'too-deep'],
    ['{"__metadata__":1}', 'bad-metadata'],
    ['{"a":"secret","__metadata__":{"created":1699999940,"last_access":1}}', 'expired'],
    ['{"a":"secret","__metadata__":{"created":1699999990,"last_access":1699999990,"name":"sid"}}', 'other-cookie']
  ]
  for (const [record, reason] of records) {
    await put(store, 'known-id', record)
    const { status, lines, body } = await send('session=known-id', (session) => ({
      id: session.id,
      data: session.data()
    }))
    t.equal(status, 200)
    t.same(lines, [])
    t.same((body as { data: unknown }).data, {})
    t.not((body as { id: string }).id, 'known-id')
    t.equal(problems().at(-1)?.reason, reason)
    t.ok(store.entries.has('known-id'))
  }
  t.equal(problems().length, records.length)
  t.notMatch(JSON.stringify(log), /known-id|secret/)
})

t.test('if the store fails, loading gives a 503, nobody is logged out, and the next call tries again', async (t) => {
  const store = new MapStore()
  const { send, app } = await testApp(t, { store }, (app) => {
    app.get('/twice', async (request) => {
      await t.rejects(request.loadSession(), { code: 'FST_SESSION_STORE', cause: { message: /refused/ } })
      t.equal(request.isSessionLoaded, false)
      return (await request.loadSession()).data()
    })
  })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const { read } = MapStore.prototype
  let failures = 1
  store.read = async (id) => {
    if (failures-- > 0) throw new Error('connection refused to 10.0.0.7')
    return read.call(store, id)
  }
  const failed = await send(cookie, () => ({}))
  t.equal(failed.status, 503)
  t.same(failed.body, {
    statusCode: 503,
    code: 'FST_SESSION_STORE',
    error: 'Service Unavailable',
    message: 'The session store is unavailable'
  })
  t.equal(failed.headers['retry-after'], '5')
  t.same(failed.lines, [])
  failures = 1
  t.same((await app.inject({ url: '/twice', headers: { cookie: String(cookie) } })).json(), { user: 'alice' })
})

t.test('if a store returns a wrong type, the response has status 503 and nobody is logged out', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  store.read = (async () => 'text') as unknown as MapStore['read']
  t.equal((await send('session=abc', () => ({}))).status, 503)
  store.read = (async () => undefined) as unknown as MapStore['read']
  t.equal((await send('session=abc', () => ({}))).status, 200)
  store.write = (async () => 'not;an id') as MapStore['write']
  t.equal((await send(undefined, (session) => void (session.a = 1))).status, 503)
  store.write = (async () => undefined) as unknown as MapStore['write']
  t.equal((await send(undefined, (session) => void (session.a = 1))).status, 503)
})

t.test('if replace() returns a value of a wrong type, the response has status 503', async (t) => {
  for (const nonsense of [undefined, null, true, {}, { replaced: 1 }, { replaced: false, current: 'text' }]) {
    const store = Object.assign(new MapStore(), { replace: async () => nonsense as unknown as Replaced })
    const { send } = await testApp(t, { store })
    const { cookie } = await send(undefined, (session) => void (session.a = 1))
    const { status, body } = await send(cookie, (session) => void (session.a = 2))
    t.equal(status, 503, JSON.stringify(nonsense))
    t.match(body, { code: 'FST_SESSION_STORE' })
  }
})

t.test('request.session before loading throws and says how to load; isSessionLoaded never throws', async (t) => {
  const seen: boolean[] = []
  const { app, send } = await testApp(t, {}, (app) => {
    app.addHook('onResponse', async (request) => void seen.push(request.isSessionLoaded))
    app.get('/early', async (request) => request.session.data())
  })
  const response = await app.inject('/early')
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'FST_SESSION_NOT_LOADED', message: /await request\.loadSession\(\)/ })
  await send(undefined, (_session, request) => void seen.push(request.isSessionLoaded))
  await app.inject('/missing')
  t.same(seen, [false, true, true, false])
})

t.test('loading in a hook that runs before the plugin throws, and says to register the plugin first', async (t) => {
  const { app } = await testApp(t, {}, (app) => {
    app.addHook('onRequest', async (request) => {
      if (request.url === '/missing') await request.loadSession()
      if (request.url === '/autoloaded') request.session.data()
    })
    app.get('/autoloaded', { config: { autoloadSession: true } }, async (request) => request.session.data())
    app.register(async (child) => {
      child.get('/child', async (request) => ({ isNew: (await request.loadSession()).isNew }))
    })
  })
  const response = await app.inject('/missing')
  t.equal(response.statusCode, 500)
  t.match(response.json().message, /register fastify-starsessions before/)
  const { message } = (await app.inject('/autoloaded')).json()
  t.match(
    message,
    /request\.session was read before .* register fastify-starsessions before/,
    'autoload runs too late for this hook'
  )
  t.same((await app.inject('/child')).json(), { isNew: true }, 'the child scope has the session')
})

t.test('a cookie signed with another secret is logged once, and published to subscribers each time', async (t) => {
  const loads: unknown[] = []
  const listener = (message: unknown) => void loads.push(message)
  subscribe('starsessions:load', listener)
  t.teardown(() => unsubscribe('starsessions:load', listener))
  const one = await testApp(t, { store: new CookieStore({ secretKey: 'one '.repeat(8) }) })
  const other = await testApp(t, { store: new CookieStore({ secretKey: 'two '.repeat(8) }) })
  const { cookie } = await one.send(undefined, (session) => void (session.user = 'ada'))
  loads.length = 0
  for (let at = 0; at < 3; at++) t.same((await other.send(cookie, (session) => session.data())).body, {})
  t.match(other.problems(), [{ reason: 'signature', msg: /no "secretKey" of the CookieStore has signed it/ }])
  t.equal(other.problems().length, 1)
  t.match(loads, Array(3).fill({ found: 'missing', reason: 'signature' }))
  await other.send('session=an-id-of-another-store', () => undefined)
  t.match(other.problems()[1], { reason: 'malformed' })
})
