import Fastify from 'fastify'
import t from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { MapStore } from '../support/map-store.ts'

t.test('two sessions in one scope, each with its own member, store and cookie', async (t) => {
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
  t.equal(stores.session.calls.read, 0, 'one is loaded without the other')
  t.match((await send('POST', '/logout')).lines, [/^admin=; Expires=/])
  t.equal(stores.admin.entries.size, 0)
  t.equal((await send('GET', '/')).body, '{"loaded":false}')
  t.equal((await send('GET', '/user')).body, '{"user":"alice"}')
})

t.test('before it is loaded, the message names its own methods and config', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { name: 'admin' })
  app.get('/', async (request) => request.admin.data())
  t.match((await app.inject('/')).json(), {
    code: 'FST_SESSION_NOT_LOADED',
    message: /await request\.loadAdmin\(\).*autoloadSession: \['admin'\]/
  })
})

t.test('a hook that runs before the plugin is told so by its own method', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async (request) => void (await request.loadAdmin()))
  await app.register(starsessions, { name: 'admin' })
  app.get('/', async () => 'x')
  t.match((await app.inject('/')).json().message, /^request\.loadAdmin\(\) was called before/)
})

t.test('the same name twice in one scope is refused; another name is the remedy', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { name: 'admin' })
  await t.rejects(async () => app.register(starsessions, { name: 'admin', cookieName: 'x' }), {
    code: 'FST_SESSION_OPTIONS',
    message: /the session "admin" is registered in this scope already: .*option "name"/
  })
})

t.test('a name that a request has already is refused, also for the members that come with it', async (t) => {
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

t.test('a nested registration takes the place of the outer one of its name, and leaves the others', async (t) => {
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

t.test('autoloadSession: true is the innermost registration; of several there, "session", else the last', async (t) => {
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

t.test('an unknown name in a route’s list is refused with the nearest one, when the route is added', async (t) => {
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

t.test('one secret, two registrations: the cookie of the one does not open in the other', async (t) => {
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

t.test('a request that loads neither of two sessions costs neither a store call nor a header', async (t) => {
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

t.test('the stores that are made for want of one are two', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  await t.resolves(async () => app.register(starsessions, { name: 'admin', store: new InMemoryStore() }))
})
