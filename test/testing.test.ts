import Fastify from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import starsessions, {
  AESGCMEncryptor,
  CookieStore,
  type Encryptor,
  FernetEncryptor,
  InMemoryStore,
  RedisStore,
  type SessionStore
} from '../lib/index.ts'
import { readSession, sessionCookie } from '../lib/testing.ts'
import { MapStore } from './support/map-store.ts'
import { startRedis } from './support/redis-server.ts'

const counting = async (request: { loadSession(): Promise<Record<string, number>> }) => {
  const session = await request.loadSession()
  session.n = (session.n ?? 0) + 1
  return session
}

t.test('sessionCookie() makes a session and readSession() reads it, with every store and encryptor', async (t) => {
  const server = await startRedis()
  const client = new Redis(server.port)
  t.teardown(async () => {
    client.disconnect()
    await server.stop()
  })
  const secretKey = 'thirty-two bytes of text, or more than that'
  const stores: (() => SessionStore)[] = [
    () => new InMemoryStore(),
    () => new CookieStore({ secretKey }),
    () => new RedisStore({ client }),
    () => new MapStore()
  ]
  const encryptors: (Encryptor | undefined)[] = [
    undefined,
    new AESGCMEncryptor(AESGCMEncryptor.generateKey()),
    new FernetEncryptor(FernetEncryptor.generateKey())
  ]
  for (const makeStore of stores) {
    for (const encryptor of encryptors) {
      const app = Fastify()
      const store = makeStore()
      // `register` is not awaited, because sessionCookie() waits for the application itself.
      app.register(starsessions, { store, cookieName: 'sid', lifetime: 60, ...(encryptor && { encryptor }) })
      app.register(async (scope) => {
        scope.get('/', counting)
        scope.get('/read', async (request) => (await request.loadSession()).data())
        scope.post('/logout', async (request) => (await request.loadSession()).destroy())
      })
      const cookie = await sessionCookie(app, { user: 'alice', n: 1 })
      t.match(cookie, /^sid=[\w.~+/=-]+$/)
      const changed = await app.inject({ url: '/', headers: { cookie } })
      t.same(changed.json(), { user: 'alice', n: 2 })
      t.same(await readSession(app, changed), { user: 'alice', n: 2 })
      const read = await app.inject({ url: '/read', headers: { cookie } })
      t.equal(read.headers['set-cookie'], undefined)
      t.same(await readSession(app, read), read.json(), 'without a Set-Cookie line, the cookie of the request is read')
      const out = await app.inject({ method: 'POST', url: '/logout', headers: { cookie } })
      t.same(await readSession(app, out), {}, 'cleared')
      t.same(await readSession(app, await app.inject('/read')), {}, 'without any cookie the data are empty')
      await app.close()
    }
  }
})

t.test('a named session is found by its name, and that of a nested scope by the instance', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(starsessions)
  app.register(starsessions, { name: 'admin' })
  let nested: typeof app | undefined
  app.register(async (scope) => {
    await scope.register(starsessions, { cookieName: 'inner' })
    scope.get('/inner', counting)
    nested = scope as unknown as typeof app
  })
  app.get('/', async (request) => ({
    user: (await request.loadSession()).user,
    operator: (await request.loadAdmin()).operator
  }))
  const admin = await sessionCookie<{ operator?: string }>(app, { operator: 'bob' }, { name: 'admin' })
  const cookie = [await sessionCookie(app, { user: 'alice' }), admin].join('; ')
  const response = await app.inject({ url: '/', headers: { cookie } })
  t.same(response.json(), { user: 'alice', operator: 'bob' })
  t.same(await readSession(app, response, { name: 'admin' }), { operator: 'bob' })
  t.same(await readSession(app, response), { user: 'alice' })

  const inner = await sessionCookie(nested as typeof app, { n: 7 })
  t.match(inner, /^inner=/)
  const counted = await app.inject({ url: '/inner', headers: { cookie: inner } })
  t.same(await readSession(nested as typeof app, counted), { n: 8 })
})

t.test('of several Set-Cookie lines of one name, readSession() takes the last', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(starsessions)
  const [first, last] = [await sessionCookie(app, { n: 1 }), await sessionCookie(app, { n: 2 })]
  const headers = { 'set-cookie': [`${first}; Path=/x`, `${last}; Path=/`, 'other=1'] }
  t.same(await readSession(app, { headers, raw: { req: { headers: {} } } }), { n: 2 })
})

t.test('outside the scope of the registration, sessionCookie() rejects', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(async (scope) => {
    await scope.register(starsessions)
  })
  await t.rejects(sessionCookie(app, { n: 1 }), {
    code: 'FST_SESSION_OPTIONS',
    message: /not registered in this scope: pass the instance that it is registered on/
  })
})

t.test('an unknown name, no data, and another kind of response are refused', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(starsessions)
  const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
  await t.rejects(sessionCookie(app, { n: 1 }, { name: 'admin' }), refused(/no session "admin".*known are session/))
  await t.rejects(sessionCookie(app, { cart: [] }), refused(/needs data: an empty session has no cookie/))
  await t.rejects(sessionCookie(app, undefined as never), refused(/takes the data of the session: an object/))
  await t.rejects(sessionCookie(app, 'alice' as never), refused(/takes the data of the session: an object/))
  await t.rejects(sessionCookie(undefined as never, { n: 1 }), refused(/the first argument must be the application/))
  await t.rejects(sessionCookie({} as never, { n: 1 }), refused(/the first argument must be the application/))
  await t.rejects(sessionCookie(app, [1] as never), refused(/takes the data of the session: an object/))
  for (const which of ['admin', null]) {
    await t.rejects(
      sessionCookie(app, { n: 1 }, which as never),
      refused(/which session: the options must be an object, with name/)
    )
  }
  await t.rejects(
    sessionCookie(app, { n: 1 }, { nme: 'x' } as object),
    refused(/which session: unknown option "nme": did you mean "name"/)
  )
  await t.rejects(readSession(app, undefined as never), refused(/takes the result of `await app\.inject/))
  await t.rejects(readSession(app, new Response() as never), refused(/takes the result of `await app\.inject/))
  await t.rejects(sessionCookie(app, { __metadata__: {} }), { code: 'FST_SESSION_KEY' })
})

t.test('readSession() rejects when the store is down, instead of returning an empty session', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = new InMemoryStore()
  app.register(starsessions, { store })
  const cookie = await sessionCookie(app, { n: 1 })
  store.read = async () => {
    throw new Error('down')
  }
  const headers = { cookie }
  await t.rejects(readSession(app, { headers: {}, raw: { req: { headers } } }), { code: 'FST_SESSION_STORE' })
})

t.test('sessionCookie() rejects with the error that keeps the application from starting', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close().catch(() => undefined))
  app.register(starsessions, { lifetime: -1 })
  await t.rejects(sessionCookie(app, { n: 1 }), { code: 'FST_SESSION_OPTIONS', message: /"lifetime"/ })
})

t.test('sessionCookie() makes a session of a user', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  app.get('/', async ({ session }) => ({ user: session.userId }))
  const cookie = await sessionCookie(app, {}, { userId: 'ada', label: 'phone' })
  t.same((await app.inject({ url: '/', headers: { cookie } })).json(), { user: 'ada' })
  t.match(await app.sessionsOf('ada').list(), [{ label: 'phone' }])
  const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
  await t.rejects(sessionCookie(app, {}, { userId: 7 as never }), refused(/String\(user\.id\)/))
  await t.rejects(sessionCookie(app, {}, { user: 'ada' } as never), refused(/unknown option "user"/))
})
