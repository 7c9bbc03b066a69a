import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'

const counting = async (request: { loadSession(): Promise<Record<string, number>> }) => {
  const session = await request.loadSession()
  session.n = (session.n ?? 0) + 1
  return { n: session.n }
}

t.test('sibling scopes have sessions with their own cookies and stores', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const stores = { shop: new MapStore(), admin: new MapStore() }
  for (const [name, store] of Object.entries(stores)) {
    await app.register(
      async (child) => {
        await child.register(starsessions, { store, cookieName: name })
        child.get('/', counting)
      },
      { prefix: `/${name}` }
    )
  }
  app.get('/', async (request) => ({ has: 'session' in request }))
  const shop = await app.inject('/shop')
  const admin = await app.inject('/admin')
  t.match(shop.headers['set-cookie'], /^shop=/)
  t.match(admin.headers['set-cookie'], /^admin=/)
  t.equal(stores.shop.entries.size, 1)
  t.equal(stores.admin.entries.size, 1)
  t.same((await app.inject('/')).json(), { has: false })
  const cookie = `${shop.cookies[0]?.name}=${shop.cookies[0]?.value}; admin=${shop.cookies[0]?.value}`
  t.same((await app.inject({ url: '/shop', headers: { cookie } })).json(), { n: 2 })
  t.same((await app.inject({ url: '/admin', headers: { cookie } })).json(), { n: 1 })
})

t.test('a nested registration replaces the outer one, and the outer store is not called', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const outer = new MapStore()
  const inner = new MapStore()
  await app.register(starsessions, { store: outer, cookieName: 'outer', autoload: true })
  app.get('/', counting)
  await app.register(
    async (child) => {
      await child.register(starsessions, { store: inner, cookieName: 'inner', autoload: ['/inner'] })
      child.get('/', async (request) => counting(request))
      child.get('/off', { config: { autoloadSession: false } }, async (request) => ({
        loaded: request.isSessionLoaded
      }))
      child.get('/on', { config: { autoloadSession: true } }, async (request) => request.session.data())
    },
    { prefix: '/inner' }
  )
  const first = await app.inject('/')
  t.match(first.headers['set-cookie'], /^outer=/)
  const second = await app.inject({ url: '/inner', headers: { cookie: `outer=${first.cookies[0]?.value}` } })
  t.match(second.headers['set-cookie'], /^inner=/)
  t.same(second.json(), { n: 1 })
  t.equal(outer.calls.read, 0)
  const cookie = `outer=${first.cookies[0]?.value}; inner=${second.cookies[0]?.value}`
  t.same((await app.inject({ url: '/inner/on', headers: { cookie } })).json(), { n: 1 })
  t.same((await app.inject({ url: '/inner/off', headers: { cookie } })).json(), { loaded: false })
  t.equal(outer.calls.read, 0)
  t.equal(inner.calls.read, 1)
  t.same((await app.inject({ url: '/', headers: { cookie } })).json(), { n: 2 })
})

t.test('registering twice in one scope is refused', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  await t.rejects(async () => app.register(starsessions), {
    code: 'FST_SESSION_OPTIONS',
    message: /registered in this scope already/
  })
})

t.test('registering beside another session plugin is refused, and the error names the taken property', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorateRequest('session', null as never)
  await t.rejects(async () => app.register(starsessions), {
    code: 'FST_SESSION_OPTIONS',
    message: /request\.session is taken already/
  })
})

t.test('wrong options make the registration fail', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => app.register(starsessions, { livetime: 5 } as object), {
    code: 'FST_SESSION_OPTIONS',
    message: /"lifetime"/
  })
})

t.test('in production the default store causes one warning', async (t) => {
  const { NODE_ENV } = process.env
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  const warnings = async (env: string, options: object) => {
    process.env.NODE_ENV = env
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } })
    await app.register(starsessions, options)
    await app.close()
    return lines
  }
  t.match(await warnings('production', {}), [/kept in memory.*\\"store\\"/])
  t.same(await warnings('production', { store: new MapStore() }), [])
  t.same(await warnings('test', {}), [])
})
