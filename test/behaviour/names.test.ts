import Fastify from 'fastify'
import t from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { MapStore } from '../support/map-store.ts'

t.test('two sessions in one scope each have their own member, store and cookie', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const stores = { session: new MapStore(), admin: new MapStore() }
  await app.register(starsessions, { store: stores.session })
  await app.register(starsessions, { store: stores.admin, name: 'admin', cookie: { path: '/x' }, lifetime: 60 })
  app.post('/login', async (request) => {
    const session = await request.loadSession()
    const admin = await request.loadAdmin()
    session.user = 'alice'
    admin.operator = 'bob'
    t.equal(request.session, session)
    t.equal(request.admin, admin)
    t.same([request.isSessionLoaded, request.isAdminLoaded], [true, true])
    return {}
  })
  app.get('/', async (request) => {
    const { operator } = await request.loadAdmin()
    return { operator, loaded: request.isSessionLoaded }
  })
  app.post('/logout', async (request) => (await request.loadAdmin()).destroy())
  app.get('/user', async (request) => (await request.loadSession()).data())

  const jar = new CookieJar()
  const send = async (method: 'GET' | 'POST', url: string) => {
    const response = await app.inject({ method, url, headers: { cookie: jar.header() } })
    return { lines: jar.take(response), body: response.body, vary: response.headers.vary }
  }
  const { lines, vary } = await send('POST', '/login')
  t.match(lines, [/^session=[\w-]{43}; Path=\/; /, /^admin=[\w-]{43}; Max-Age=60; Path=\/x; /])
  t.equal(vary, 'Cookie')
  t.equal((await send('GET', '/')).body, '{"operator":"bob","loaded":false}')
  t.equal(stores.session.calls.read, 0, 'loading one session does not load the other')
  t.match((await send('POST', '/logout')).lines, [/^admin=; Expires=/])
  t.equal(stores.admin.entries.size, 0)
  t.equal((await send('GET', '/')).body, '{"loaded":false}')
  t.equal((await send('GET', '/user')).body, '{"user":"alice"}')
})

t.test('the error for a named session that is not loaded names its own methods and config', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { name: 'admin' })
  app.get('/', async (request) => request.admin.data())
  t.match((await app.inject('/')).json(), {
    code: 'FST_SESSION_NOT_LOADED',
    message: /await request\.loadAdmin\(\).*autoloadSession: \['admin'\]/
  })
})

t.test('loading a named session in a hook that runs before the plugin throws', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async (request) => void (await request.loadAdmin()))
  await app.register(starsessions, { name: 'admin' })
  app.get('/', async () => 'x')
  t.match((await app.inject('/')).json().message, /^request\.loadAdmin\(\) was called before/)
})

t.test('the same name twice in one scope is refused, and the error names the option "name"', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { name: 'admin' })
  await t.rejects(async () => app.register(starsessions, { name: 'admin', cookieName: 'x' }), {
    code: 'FST_SESSION_OPTIONS',
    message: /the session "admin" is registered in this scope already: .*option "name"/
  })
})

t.test('a name is refused if the request already has this property or one of its methods', async (t) => {
  const refused = async (name: string, member: string, prepare?: (app: ReturnType<typeof Fastify>) => unknown) => {
    const app = Fastify()
    t.teardown(() => app.close())
    prepare?.(app)
    await t.rejects(async () => app.register(starsessions, { name }), {
      code: 'FST_SESSION_OPTIONS',
      message: `request.${member} is taken already, by Fastify or another plugin: set option "name" to another name, or remove that plugin`
    })
  }
  for (const name of ['body', 'id', 'log', 'params', 'query', 'raw', 'headers', 'server', 'ip'])
    await refused(name, name)
  for (const name of ['constructor', 'toString', '__proto__']) await refused(name, name)
  await refused('user', 'user', (app) => app.decorateRequest('user', null))
  await refused('admin', 'loadAdmin', (app) => app.decorateRequest('loadAdmin'))
  await refused('admin', 'isAdminLoaded', (app) => app.decorateRequest('isAdminLoaded', false))
  await refused('Admin', 'isAdminLoaded', (app) => app.register(starsessions, { name: 'admin' }))
})

t.test('a nested registration replaces only the outer registration of the same name', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const outer = new MapStore()
  await app.register(starsessions)
  await app.register(starsessions, { name: 'admin', store: outer, autoload: true })
  const counting = async (request: { loadAdmin(): Promise<object>; loadSession(): Promise<object> }) => {
    Object.assign(await request.loadAdmin(), { operator: 'bob' })
    Object.assign(await request.loadSession(), { user: 'alice' })
    return {}
  }
  app.get('/', counting)
  await app.register(async (scope) => {
    await scope.register(starsessions, { name: 'admin', cookieName: 'inner' })
    scope.get('/inner', counting)
  })
  const names = async (url: string) => (await app.inject(url)).cookies.map(({ name }) => name)
  t.same(await names('/'), ['session', 'admin'])
  outer.calls.write = 0
  t.same(await names('/inner'), ['session', 'inner'])
  t.same(outer.calls.write, 0)
})

t.test('autoloadSession: true loads from the innermost registration: "session", or else the last one', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const loaded = async (request: object) =>
    ['session', 'admin', 'shop'].filter((name) => {
      const property = `is${name.charAt(0).toUpperCase()}${name.slice(1)}Loaded`
      return (request as Record<string, unknown>)[property]
    })
  const route = (url: string, autoloadSession: boolean | string[]) => ({
    method: 'GET' as const,
    url,
    config: { autoloadSession },
    handler: loaded
  })
  await app.register(starsessions)
  await app.register(starsessions, { name: 'admin' })
  app.route(route('/outer', true))
  await app.register(async (scope) => {
    await scope.register(starsessions, { name: 'shop', autoload: true })
    await scope.register(starsessions, { name: 'admin', cookieName: 'inner' })
    scope.route(route('/inner', true))
    scope.route(route('/none', false))
    scope.route(route('/empty', []))
    scope.route(route('/listed', ['session', 'shop']))
    scope.get('/silent', loaded)
    await scope.register(async (below) => below.route(route('/below', true)))
  })
  const on = async (url: string) => (await app.inject(url)).json()
  t.same(await on('/outer'), ['session'])
  t.same(await on('/inner'), ['admin'])
  t.same(await on('/below'), ['admin'])
  t.same(await on('/none'), [])
  t.same(await on('/empty'), [])
  t.same(await on('/listed'), ['session', 'shop'])
  t.same(await on('/silent'), ['shop'])
})

t.test('adding a route that names an unknown session fails, and the error suggests the nearest name', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  await app.register(async (scope) => {
    await scope.register(starsessions, { name: 'admin' })
    t.throws(() => scope.get('/wrong', { config: { autoloadSession: ['session', 'admni'] } }, async () => 'x'), {
      code: 'FST_SESSION_OPTIONS',
      message:
        'config.autoloadSession of route "/wrong" names the session "admni": did you mean "admin"? Known are session, admin; register a session before the routes that name it'
    })
  })
  t.throws(() => app.get('/out', { config: { autoloadSession: ['admin'] } }, async () => 'x'), {
    message: /names the session "admin": known are session; register/
  })
})

t.test('with one secret for two registrations, a cookie of one does not open in the other', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = new CookieStore({ secretKey: 'thirty-two bytes of text, or more than that' })
  await app.register(starsessions, { store })
  await app.register(starsessions, { store, name: 'admin' })
  app.post('/', async (request) => {
    ;(await request.loadSession()).operator = 'mallory'
    return {}
  })
  app.get('/', async (request) => (await request.loadAdmin()).data())
  const { cookies } = await app.inject({ method: 'POST', url: '/' })
  const forged = { cookie: `admin=${cookies[0]?.value}` }
  t.equal((await app.inject({ url: '/', headers: forged })).body, '{}')
})

t.test('a request that loads neither of two sessions costs no store call and sets no header', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const stores = [new MapStore(), new MapStore()]
  await app.register(starsessions, { store: stores[0] as MapStore })
  await app.register(starsessions, { store: stores[1] as MapStore, name: 'admin' })
  app.get('/', async () => 'x')
  const { headers } = await app.inject({ url: '/', headers: { cookie: 'session=abc; admin=abc' } })
  t.same([headers['set-cookie'], headers.vary], [undefined, undefined])
  for (const { calls } of stores) t.same(calls, { read: 0, write: 0, remove: 0 })
})

t.test('two registrations without a store do not share one', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  await t.resolves(async () => app.register(starsessions, { name: 'admin', store: new InMemoryStore() }))
})
