import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { Session } from '../../types/session.ts'
import { answer, cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, leaks, patchCrypto, subjects, watched } from './subjects.ts'

const stores = await subjects(t)
const login: Handler = (session) => void (session.user = 'alice')
const show: Handler = (session) => ({ id: session.id ?? null, data: session.data() })
const shown = (body: unknown) => body as { id: string | null; data: Record<string, unknown> }

t.test('an id is 256 random bits from node:crypto and nothing else (OWASP ASVS 5.0, 7.2.3)', async (t) => {
  const drawn: Buffer[] = []
  const keep = (value: unknown) => {
    if (ArrayBuffer.isView(value)) drawn.push(Buffer.from(value.buffer.slice(0), value.byteOffset, value.byteLength))
    return value
  }
  for (const name of ['randomFillSync', 'randomBytes'] as const) {
    patchCrypto(
      t,
      name,
      (original) =>
        (...args) =>
          keep(original(...args))
    )
  }
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const ids: string[] = []
  for (let count = 0; count < 600; count++) ids.push(cookieValue((await send(undefined, login)).cookie))
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every((id) => /^[A-Za-z0-9_-]{43}$/.test(id)))
  // The first ids may come from random bytes that were drawn before this test.
  const places = ids.slice(200).map((id) => {
    const bytes = Buffer.from(id, 'base64url')
    const chunk = drawn.findIndex((chunk) => chunk.includes(bytes))
    return chunk === -1 ? 'nowhere' : `${chunk}:${drawn[chunk]!.indexOf(bytes)}`
  })
  t.notOk(places.includes('nowhere'), 'each id has bytes of the generator')
  t.equal(new Set(places).size, places.length, 'no bytes are used twice')
  for (let bit = 0; bit < 256; bit++) {
    const ones = ids.filter((id) => (Buffer.from(id, 'base64url')[bit >> 3]! >> (bit & 7)) & 1).length
    if (Math.abs(ones - 300) > 100) t.fail(`bit ${bit} is 1 in ${ones} of 600 ids`)
  }
})

t.test('an id that the store does not know is never adopted, and loading it creates nothing', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { store, calls } = watched(subject.make())
    const { send } = await testApp(t, { store })
    const chosen = randomBytes(32).toString('base64url')
    const seen = await send(`session=${chosen}`, show)
    t.equal(seen.status, 200)
    t.same(seen.lines, [])
    t.not(shown(seen.body).id, chosen)
    t.same(
      calls.map(({ method }) => method),
      ['read']
    )
    const written = await send(`session=${chosen}`, login)
    t.notMatch(cookieValue(written.cookie), chosen)
    t.ok(calls.every(({ method, id }) => method === 'read' || id !== chosen))
    const victim = await send(`session=${chosen}`, show)
    t.same(shown(victim.body).data, {}, 'a person who planted the id sees no data')
    t.same(shown((await send(written.cookie, show)).body).data, { user: 'alice' })
  })
})

t.test('the id of a session that has ended is not adopted', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    const { send } = await testApp(t, { store: subject.make() })
    const { cookie } = await send(undefined, login)
    await send(cookie, (session) => session.destroy())
    const again = await send(cookie, login)
    t.not(again.cookie, cookie)
    t.same(shown((await send(cookie, show)).body).data, {})
  })
})

t.test('a malformed cookie value never reaches the store', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { store, calls } = watched(subject.make())
    const { send, problems } = await testApp(t, { store, rolling: true, lifetime: 60 })
    const inAlphabet = (char: string) => /[A-Za-z0-9._~+/=-]/.test(char)
    const characters = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code))
    const hostile = characters.filter((char) => !inAlphabet(char) && char !== ';').map((char) => `a${char}b`)
    for (const value of ['', ' ', ...hostile, 'a'.repeat(4_097), 'a'.repeat(2 ** 20), '%00', '"abc"', '\u{1F600}']) {
      const { status, lines } = await send(`session=${value}`, show)
      t.equal(status, 200)
      t.same(lines, [])
    }
    t.same(calls, [])
    t.same(problems(), [])
  })
})

t.test('an id is taken only from the cookie', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { store, calls } = watched(subject.make())
    const app = Fastify({ routerOptions: { maxParamLength: 10_000 } })
    t.teardown(() => app.close())
    await app.register(starsessions, { store })
    const handler = async (request: { loadSession(): Promise<Session> }) => (await request.loadSession()).data()
    app.post('/login', async (request) => void ((await request.loadSession()).user = 'alice'))
    app.post('/', handler)
    app.post('/:session', handler)
    const { cookie } = answer(await app.inject({ method: 'POST', url: '/login' }))
    const id = cookieValue(cookie)
    calls.length = 0
    const query = `session=${encodeURIComponent(id)}&sessionId=${encodeURIComponent(id)}&sid=${encodeURIComponent(id)}`
    const named = [
      'session',
      'sessionid',
      'session-id',
      'x-session',
      'x-session-id',
      'authorization',
      'cookie2',
      'etag'
    ]
    const headers = Object.fromEntries(named.map((name) => [name, id]))
    for (const request of [
      { url: `/?${query}` },
      { url: `/${encodeURIComponent(id).replaceAll('%2F', '_')};session=${encodeURIComponent(id)}` },
      { url: '/', payload: { session: id, sessionId: id, cookie: `session=${id}` } },
      { url: '/', headers },
      {
        url: '/',
        headers: { authorization: `Bearer ${id}`, 'x-cookie': String(cookie), 'set-cookie': String(cookie) }
      },
      { url: '/', headers: { cookie: `sessions=${id}; Session=${id}; xsession=${id}; other="session=${id}"` } },
      { url: '/', headers: { cookie: `${id}; ${id}=session; session` } }
    ]) {
      const response = await app.inject({ method: 'POST', ...request })
      t.same(response.json(), {}, Object.keys(request).join())
    }
    t.same(calls, [], 'the store is not called')
    const own = await app.inject({ method: 'POST', url: '/', headers: { cookie: String(cookie) } })
    t.same(own.json(), { user: 'alice' })
  })
})

t.test('a dump of all keys and values in Redis contains no cookie value', async (t) => {
  const client = stores.redis
  await client.flushall()
  const values: string[] = []
  const runs = [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]
  for (const options of runs) {
    const { send } = await testApp(t, { store: new RedisStore({ client }), ...options })
    let cookie = (await send(undefined, login)).cookie
    const steps: Handler[] = [
      show,
      (session) => void (session.count = 1),
      (session) => session.regenerateId(),
      (session) => session.regenerate(['user']),
      (session) => session.options({ maxAge: 5 }),
      async (session) => {
        session.count = 2
        await session.save()
        await session.reload()
        await session.regenerateId()
      }
    ]
    for (const step of steps) {
      values.push(cookieValue(cookie))
      cookie = (await send(cookie, step)).cookie
    }
    values.push(cookieValue(cookie))
    t.match(shown((await send(cookie, show)).body).data, { user: 'alice', count: 2 })
  }
  const keys = await client.keys('*')
  t.ok(keys.length >= runs.length)
  const stored = await Promise.all(keys.map((key) => client.getBuffer(key)))
  const dump = [...keys, ...stored.map((value) => value?.toString('latin1'))].join('\n')
  t.match(dump, /alice/)
  t.same(leaks(dump, values), [])
  for (const value of values) {
    const raw = Buffer.from(value, 'base64url')
    t.notOk(
      dump.includes(raw.toString('hex')) ||
        dump.includes(raw.toString('base64')) ||
        dump.includes(raw.toString('latin1'))
    )
  }
  for (const key of keys) t.notOk(values.includes(key.replace('starsessions.', '')), 'no key contains a cookie value')
  const { send } = await testApp(t, { store: new RedisStore({ client }) })
  for (const key of keys) {
    const found = await send(`session=${key.replace('starsessions.', '')}`, show)
    t.same(shown(found.body).data, {}, 'the hash in a key opens no session')
  }
})
