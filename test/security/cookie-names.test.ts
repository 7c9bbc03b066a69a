import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import starsessions, {
  AESGCMEncryptor,
  CookieStore,
  type Encryptor,
  FernetEncryptor,
  InMemoryStore,
  RedisStore
} from '../../lib/index.ts'
import type { SessionStore } from '../../types/store.ts'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'
import { SIGNING_SECRET, subjects } from './subjects.ts'

const { server } = await subjects(t)
const clients = [new Redis(server.port), new Redis(server.port)]
t.teardown(() => {
  for (const client of clients) client.disconnect()
})
t.beforeEach(() => clients[0]?.flushall())

/** Pairs of stores that share their records. */
const SHARED: Record<string, () => [SessionStore, SessionStore]> = {
  'one InMemoryStore'() {
    const store = new InMemoryStore()
    return [store, store]
  },
  'two Redis clients with one prefix': () => [
    new RedisStore({ client: clients[0]! }),
    new RedisStore({ client: clients[1]! })
  ],
  'two cookie stores with one secret and one salt'() {
    const make = () => new CookieStore({ secretKey: SIGNING_SECRET, salt: 'of both' })
    return [make(), make()]
  },
  'two stores with three methods and shared records'() {
    const store = new MapStore()
    return [store, Object.assign(new MapStore(), { entries: store.entries })]
  }
}

const ENCRYPTORS: Record<string, () => Encryptor | undefined> = {
  'no encryptor': () => undefined,
  Fernet: () => new FernetEncryptor(FernetEncryptor.generateKey()),
  'AES-GCM without binding': () => new AESGCMEncryptor(AESGCMEncryptor.generateKey(), { bind: false })
}

type Name = 'session' | 'admin'

const other = (name: Name): Name => (name === 'session' ? 'admin' : 'session')
const loaded = (request: FastifyRequest, name: Name) =>
  name === 'session' ? request.loadSession() : request.loadAdmin()

/** Adds routes for each of these sessions of `app`. */
function addRoutes(app: FastifyInstance, names: readonly Name[]): void {
  for (const name of names) {
    app.post(`/${name}/login`, async (request) => {
      Object.assign(await loaded(request, name), { user: `of ${name}` })
      return {}
    })
    app.post(`/${name}/rotate`, async (request) => {
      await (await loaded(request, name)).regenerateId()
      return {}
    })
    app.post(`/${name}/logout`, async (request) => {
      await (await loaded(request, name)).destroy()
      return {}
    })
    app.get(`/${name}`, async (request) => (await loaded(request, name)).data())
    app.get(`/${name}/autoloaded`, { config: { autoloadSession: [name] } }, async (request) => request[name].data())
  }
}

const newApp = (t: Test, log: Record<string, unknown>[] = []) => {
  const app = Fastify({
    logger: { level: 'warn', stream: { write: (line: string) => void log.push(JSON.parse(line)) } }
  })
  t.teardown(() => app.close())
  return app
}

/** A visitor who sends the cookie of the session `name` under the name of the other session. */
function handIn(app: FastifyInstance, from: Visitor, name: Name): Visitor {
  const visitor = new Visitor(app)
  visitor.jar.take({ headers: { 'set-cookie': `${other(name)}=${from.jar.get(name)}` } })
  return visitor
}

t.test('the cookie of one session never opens another session, even over the same store and keys', async (t) => {
  for (const [place, stores] of Object.entries(SHARED)) {
    for (const [encryption, encryptor] of Object.entries(ENCRYPTORS)) {
      await t.test(`${place}, ${encryption}`, async (t) => {
        const log: Record<string, unknown>[] = []
        const app = newApp(t, log)
        const [store, adminStore] = stores()
        const shared = { lifetime: 60, encryptor: encryptor() }
        const options = shared.encryptor === undefined ? { lifetime: 60 } : { ...shared, encryptor: shared.encryptor }
        await app.register(starsessions, { ...options, store })
        await app.register(starsessions, { ...options, store: adminStore, name: 'admin' })
        addRoutes(app, ['session', 'admin'])

        for (const name of ['session', 'admin'] as const) {
          const user = new Visitor(app)
          await user.send(`POST /${name}/login`)
          for (const path of [`/${other(name)}`, `/${other(name)}/autoloaded`]) {
            const thief = handIn(app, user, name)
            log.length = 0
            const { body, lines } = await thief.send(`GET ${path}`)
            t.equal(body, '{}')
            t.same(lines, [], 'a visit without changes sets no cookie')
            t.match(
              log.filter(({ reason }) => reason !== undefined),
              [{ level: 40, reason: 'other-cookie' }]
            )
            t.notMatch(JSON.stringify(log), user.jar.get(name) ?? '')
            await thief.send(`POST /${other(name)}/login`)
            t.not(thief.jar.get(other(name)), user.jar.get(name), 'the id is not adopted')
            t.same((await thief.send(`GET ${path}`)).json(), { user: `of ${other(name)}` })
          }
          t.same((await user.send(`GET /${name}`)).json(), { user: `of ${name}` }, 'the record is unchanged')
        }
      })
    }
  }
})

t.test('a logout under another cookie name ends neither the session nor its rotated successor', async (t) => {
  for (const [place, stores] of Object.entries(SHARED)) {
    await t.test(place, async (t) => {
      const app = newApp(t)
      const [store, adminStore] = stores()
      await app.register(starsessions, { store })
      await app.register(starsessions, { store: adminStore, name: 'admin' })
      addRoutes(app, ['session', 'admin'])
      const user = new Visitor(app)
      await user.send('POST /session/login')
      const before = handIn(app, user, 'session')
      t.equal((await handIn(app, user, 'session').send('POST /admin/logout')).status, 200)
      t.same((await user.send('GET /session')).json(), { user: 'of session' })

      await user.send('POST /session/rotate')
      t.equal((await before.send('POST /admin/logout')).status, 200)
      t.same((await user.send('GET /session')).json(), { user: 'of session' })
    })
  }
})

t.test('reading a session under another cookie name neither prolongs nor shortens its life', async (t) => {
  const [client] = clients as [Redis]
  const app = newApp(t)
  const store = new RedisStore({ client })
  await app.register(starsessions, { store })
  await app.register(starsessions, { store, name: 'admin', lifetime: 60, rolling: true })
  addRoutes(app, ['session', 'admin'])
  const operator = new Visitor(app)
  await operator.send('POST /admin/login')
  const [key] = (await client.keys('*')) as [string]
  t.same((await handIn(app, operator, 'admin').send('GET /session')).json(), {})
  const left = await client.pttl(key)
  t.ok(left > 0 && left <= 60_000, `${left} ms`)
  t.same((await operator.send('GET /admin')).json(), { user: 'of admin' })

  const before = handIn(app, operator, 'admin')
  await operator.send('POST /admin/rotate')
  await before.send('GET /session')
  t.ok((await client.pttl(key)) <= 60_000, 'the tombstone is not prolonged')

  const visitor = new Visitor(app)
  await visitor.send('POST /session/login')
  await handIn(app, visitor, 'session').send('GET /admin')
  const lives = await Promise.all((await client.keys('*')).map((name) => client.pttl(name)))
  t.equal(
    lives.filter((milliseconds) => milliseconds > 29 * 86_400_000).length,
    1,
    'the life of the session is not shortened'
  )
})

t.test('over a store that cannot compare, reading under another cookie name writes nothing', async (t) => {
  const store = Object.assign(new MapStore(), { readProlongs: true })
  const app = newApp(t)
  await app.register(starsessions, { store })
  await app.register(starsessions, { store, name: 'admin' })
  addRoutes(app, ['session', 'admin'])
  const operator = new Visitor(app)
  await operator.send('POST /admin/login')
  store.calls.write = 0
  await handIn(app, operator, 'admin').send('GET /session')
  t.equal(store.calls.write, 0)
})

t.test('a child scope with another cookie name has sessions of its own over the same store', async (t) => {
  const app = newApp(t)
  const store = new InMemoryStore()
  await app.register(starsessions, { store })
  addRoutes(app, ['session'])
  await app.register(
    async (scope) => {
      await scope.register(starsessions, { store, cookieName: 'inner' })
      addRoutes(scope, ['session'])
    },
    { prefix: '/inner' }
  )
  const user = new Visitor(app)
  await user.send('POST /session/login')
  const cookie = `inner=${user.jar.get('session')}`
  t.equal((await app.inject({ url: '/inner/session', headers: { cookie } })).body, '{}')
  await user.send('POST /inner/session/login')
  const back = `session=${user.jar.get('inner')}`
  t.equal((await app.inject({ url: '/session', headers: { cookie: back } })).body, '{}')
  t.same((await user.send('GET /inner/session')).json(), { user: 'of session' })
  t.same((await user.send('GET /session')).json(), { user: 'of session' })
})

t.test('after a cookie is renamed, sessions of the old name do not open under the new name', async (t) => {
  const store = new InMemoryStore()
  const before = await testApp(t, { store })
  const after = await testApp(t, { store, cookieName: 'sid' })
  const { cookie } = await before.send(undefined, (session) => void (session.user = 'alice'))
  const { body } = await after.send(cookie?.replace('session=', 'sid='), (session) => session.data())
  t.same(body, {})
  t.match(after.problems(), [{ reason: 'other-cookie', msg: /another cookie name.*renamed.*share a store/i }])
  t.same((await before.send(cookie, (session) => session.data())).body, { user: 'alice' })
})

t.test('a record without a cookie name can be opened, and the next write adds our cookie name', async (t) => {
  const client = clients[0]!
  const id = '0123456789abcdef0123456789abcdef'
  const at = Date.now() / 1000
  const record = `{"user": "alice", "__metadata__": {"lifetime": 60, "created": ${at}, "last_access": ${at}}}`
  for (const hashIds of [false, true]) {
    const key = `starsessions.${hashIds ? createHash('sha256').update(id).digest('hex') : id}`
    await client.set(key, record)
    const options = { store: new RedisStore({ client, hashIds }), lifetime: 60 }
    const session = await testApp(t, options)
    const admin = await testApp(t, { ...options, cookieName: 'admin' })
    t.same((await session.send(`session=${id}`, (it) => it.data())).body, { user: 'alice' })
    t.equal(await client.get(key), record, 'reading does not write the record')
    await session.send(`session=${id}`, (it) => void (it.visits = 1))
    t.match(JSON.parse(String(await client.get(key))), { __metadata__: { name: 'session' } })
    t.same((await session.send(`session=${id}`, (it) => it.data())).body, { user: 'alice', visits: 1 })
    t.same((await admin.send(`admin=${id}`, (it) => it.data())).body, {})
  }
})

t.test('a cookie name in a record must be text and equal; a name on Object.prototype does not count', async (t) => {
  const store = new MapStore()
  const { send, problems } = await testApp(t, { store })
  const at = Date.now() / 1000
  const put = (name: string) =>
    store.write('an-id', Buffer.from(`{"a":1,"__metadata__":{"created":${at},"last_access":${at}${name}}}`), 0, 0)
  for (const name of ['1', 'null', '["session"]', '{}', 'true']) {
    await put(`,"name":${name}`)
    t.same((await send('session=an-id', (session) => session.data())).body, {}, name)
    t.equal(problems().at(-1)?.reason, 'bad-metadata')
  }
  for (const name of ['', 'Session', 'session ', 'admin', '__proto__']) {
    await put(`,"name":${JSON.stringify(name)}`)
    t.same((await send('session=an-id', (session) => session.data())).body, {}, name)
    t.equal(problems().at(-1)?.reason, 'other-cookie')
  }
  await put('')
  Object.defineProperty(Object.prototype, 'name', { value: 'admin', configurable: true, writable: true })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'name'))
  const { body } = await send('session=an-id', (session) => session.data())
  Reflect.deleteProperty(Object.prototype, 'name')
  t.same(body, { a: 1 })
})
