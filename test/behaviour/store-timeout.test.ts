import t, { type Test } from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import { testApp } from '../support/app.ts'
import { HeldStore } from '../support/held-store.ts'
import { MapStore } from '../support/map-store.ts'

// Timers of the library keep no process alive. In an application the sockets of the server do.
const alive = setInterval(() => undefined, 60_000)
t.teardown(() => clearInterval(alive))

// Most of the tests wait for a second, so they wait at the same time.
t.jobs = 20

const UNAVAILABLE = {
  statusCode: 503,
  code: 'FST_SESSION_STORE',
  error: 'Service Unavailable',
  message: 'The session store is unavailable'
}

/** An application with a storeTimeout of one second, and with a stored session. */
async function setUp(t: Test, inner: SessionStore = new InMemoryStore()) {
  const held = new HeldStore(inner)
  const { send, problems } = await testApp(t, { store: held.store, storeTimeout: 1, lifetime: 3600 })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  const data = async (of = cookie) => (await send(of, (session) => session.data())).body
  return { held, inner, send, problems, cookie, data }
}

t.test('if the store does not answer a read, the response has status 503 and the cookie stays', async (t) => {
  const { held, send, problems, cookie, data } = await setUp(t)
  held.holdNext('read')
  const { status, body, headers, lines } = await send(cookie, () => t.fail('no session can be loaded'))
  t.equal(status, 503)
  t.same(body, UNAVAILABLE)
  t.equal(headers['retry-after'], '5')
  t.same(lines, [])
  t.match(JSON.stringify(problems()), /no answer within 1 s \(option \\"storeTimeout\\"\)/)
  await held.release()
  t.same(await data(), { n: 0 }, 'the next request works')
})

t.test('the result of a late read does not replace the session that a second read has loaded', async (t) => {
  const { held, cookie, data } = await setUp(t)
  const { app } = await testApp(t, { store: held.store, storeTimeout: 1, lifetime: 3600 }, (app) => {
    app.get('/patient', async (request) => {
      await t.rejects(request.loadSession(), { code: 'FST_SESSION_STORE' })
      const session = await request.loadSession()
      session.n = 1
      await held.release()
      return session.data()
    })
  })
  held.holdNext('read')
  const response = await app.inject({ url: '/patient', headers: { cookie: String(cookie) } })
  t.same(response.json(), { n: 1 })
  t.same(await data(), { n: 1 })
})

t.test('if the store does not answer a write, the request gets a 503, but the write may still happen', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  held.holdNext('replace')
  const { status, body, lines } = await send(cookie, (session) => void (session.n = 1))
  t.equal(status, 503)
  t.same(body, UNAVAILABLE)
  t.same(lines, [])
  t.same(await data(), { n: 0 })
  await held.release()
  t.same(await data(), { n: 1 })
})

t.test('a late write never replaces changes that another request has written meanwhile', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  held.holdNext('replace')
  t.equal((await send(cookie, (session) => void (session.n = 1))).status, 503)
  t.equal((await send(cookie, (session) => void (session.other = true))).status, 200)
  await held.release()
  t.same(await data(), { n: 0, other: true })
})

t.test('a late write never replaces changes that the same request writes in a second attempt', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  held.holdNext('replace')
  const { status } = await send(cookie, async (session) => {
    session.n = 1
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
    session.n = 2
  })
  t.equal(status, 200)
  await held.release()
  t.same(await data(), { n: 2 })
})

t.test('update() does not run its function again if the store does not answer', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  let runs = 0
  held.holdNext('replace')
  await send(cookie, async (session) => {
    const counting = session.update((newest) => {
      runs++
      newest.n++
    })
    await t.rejects(counting, { code: 'FST_SESSION_STORE' })
  })
  t.equal(runs, 1)
  await held.release()
  t.same(await data(), { n: 1 })
})

t.test('if the store does not answer the write of a new session, no cookie is sent', async (t) => {
  const { held, send } = await setUp(t)
  held.holdNext('write')
  const { status, lines } = await send(undefined, (session) => void (session.n = 1))
  t.equal(status, 503)
  t.same(lines, [])
  await held.release()
})

for (const [what, inner] of [
  ['', () => new InMemoryStore()],
  [' (a store without replace)', () => new MapStore()]
] as const) {
  t.test(`a late write of a new session does not touch the session of a second attempt${what}`, async (t) => {
    const { held, send, data } = await setUp(t, inner())
    const ids: (string | undefined)[] = []
    held.holdNext('write')
    const { status, cookie } = await send(undefined, async (session) => {
      session.n = 1
      ids.push(session.id)
      await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
      session.n = 2
      await session.save()
      ids.push(session.id)
    })
    t.equal(status, 200)
    await held.release()
    t.not(ids[0], ids[1])
    t.equal(cookie, `session=${ids[1]}`)
    t.same(await data(cookie), { n: 2 })
  })

  t.test(`a late write of a rotation does not touch the session of a second attempt${what}`, async (t) => {
    const { held, send, cookie, data } = await setUp(t, inner())
    held.holdNext('write')
    const rotated = await send(cookie, async (session) => {
      await session.regenerateId()
      session.n = 1
      await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
      t.same(await data(), { n: 0 }, 'the session still has its old id')
      session.n = 2
    })
    t.equal(rotated.status, 200)
    await held.release()
    t.not(rotated.cookie, cookie)
    t.same(await data(rotated.cookie), { n: 2 })
    t.same(await data(), {}, 'the old id no longer works')
  })
}

t.test('if the store does not answer a rotation, the old cookie stays, and the next request can rotate', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  held.holdNext('write')
  const failed = await send(cookie, async (session) => {
    await session.regenerateId()
    session.n = 1
  })
  t.equal(failed.status, 503)
  t.same(failed.lines, [])
  await held.release()
  t.same(await data(), { n: 0 })
  const { status, cookie: next } = await send(cookie, (session) => session.regenerateId())
  t.equal(status, 200)
  t.same(await data(next), { n: 0 })
})

t.test('if the store does not answer a logout, the request gets a 503, but the logout may still happen', async (t) => {
  const { held, send, cookie, data } = await setUp(t)
  held.holdNext('replace')
  const { status, lines } = await send(cookie, (session) => session.destroy())
  t.equal(status, 503)
  t.same(lines, [])
  t.same(await data(), { n: 0 })
  await held.release()
  t.same(await data(), {})
})

t.test('over a store without replace, update() writes nothing after its read has timed out', async (t) => {
  const store = new MapStore()
  const { held, send, cookie } = await setUp(t, store)
  const { write } = store.calls
  await send(cookie, async (session) => {
    held.holdNext('read')
    await t.rejects(
      session.update((newest) => void newest.n++),
      { code: 'FST_SESSION_STORE' }
    )
    await held.release()
  })
  t.equal(store.calls.write, write)
})

t.test('a store call that rejects after its timeout does no harm', async (t) => {
  const inner = new InMemoryStore()
  const { held, send, cookie, data } = await setUp(t, inner)
  const { replace } = inner
  inner.replace = async () => {
    throw new Error('late')
  }
  const failing = new HeldStore(inner)
  const { send: sendOverFailing } = await testApp(t, { store: failing.store, storeTimeout: 1, lifetime: 3600 })
  failing.holdNext('replace')
  t.equal((await sendOverFailing(cookie, (session) => void (session.n = 1))).status, 503)
  await failing.release()
  inner.replace = replace
  t.equal(held.holding, 0)
  t.equal((await send(cookie, (session) => void (session.n = 2))).status, 200)
  t.same(await data(), { n: 2 })
})

t.test('requests that load no session do not wait for the store', async (t) => {
  const never = () => new Promise<never>(() => undefined)
  const store = { read: never, write: never, remove: never }
  const { app } = await testApp(t, { store, storeTimeout: 1 }, (app) => {
    app.get('/plain', async (request) => ({ loaded: request.isSessionLoaded }))
  })
  const response = await app.inject({ url: '/plain', headers: { cookie: 'session=an-id' } })
  t.same(response.json(), { loaded: false })
})
