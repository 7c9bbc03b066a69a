import etag from '@fastify/etag'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { type StarsessionsOptions } from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

async function application(t: Test, first: boolean, options: StarsessionsOptions = {}) {
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  if (first) await app.register(etag)
  await app.register(starsessions, { store, autoload: true, ...options })
  if (!first) await app.register(etag)
  app.post('/login', async ({ session }) => Object.assign(session, { user: 'ada' }))
  app.get('/', async ({ session }) => `Hello, ${session.user}`)
  app.get('/count', async ({ session }) => {
    session.n = (session.n ?? 0) + 1
    return 'counted'
  })
  app.get('/tagged', async ({ session }, reply) => {
    session.n = (session.n ?? 0) + 1
    return reply.header('etag', '"mine"').send('tagged')
  })
  app.get('/unstorable', async ({ session }) => {
    session.n = Symbol('n') as unknown as number
    return 'counted'
  })
  app.get('/logout', async ({ session }) => session.destroy().then(() => 'bye'))
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  Object.assign(store.calls, { read: 0, write: 0, remove: 0 })
  return { visitor, store }
}

/** Sends a request twice, the second time with the ETag of the first answer. */
async function again(visitor: Visitor, request: string) {
  const { headers } = await visitor.send(request)
  return visitor.send(request, { headers: { 'if-none-match': String(headers.etag) } })
}

for (const first of [true, false]) {
  const order = first ? 'before the plugin' : 'after the plugin'
  t.test(`registered ${order}: a 304 without changes costs no cookie and no write`, async (t) => {
    const { visitor, store } = await application(t, first)
    const { status, body, headers, lines } = await again(visitor, 'GET /')
    t.same([status, body, headers.vary], [304, '', 'Cookie'])
    t.same(lines, [])
    t.same(store.calls, { read: 2, write: 0, remove: 0 })
  })

  t.test(`registered ${order}: a change is stored with a 304 or a response to HEAD`, async (t) => {
    const { visitor, store } = await application(t, first)
    t.equal((await again(visitor, 'GET /count')).status, 304)
    t.equal((await visitor.send('HEAD /count')).status, 200)
    t.equal(store.calls.write, 3)
    const logout = await again(visitor, 'GET /logout')
    t.equal(logout.status, 304)
    t.equal(visitor.jar.header(), '')
    t.equal(store.entries.size, 0)
  })

  t.test(`registered ${order}: a 304 prolongs a rolling session`, async (t) => {
    const { visitor } = await application(t, first, { rolling: true, lifetime: 60 })
    const { status, lines, headers } = await again(visitor, 'GET /')
    t.equal(status, 304)
    t.match(lines, [/^session=.*Max-Age=60/])
    t.equal(headers['cache-control'], 'no-store')
  })

  t.test(`registered ${order}: a failed commit gives an error, never a 304`, async (t) => {
    const { visitor, store } = await application(t, first)
    const { headers } = await visitor.send('GET /count')
    const known = { headers: { 'if-none-match': String(headers.etag) } }
    t.equal((await visitor.send('GET /unstorable', known)).status, 500)
    store.write = async () => {
      throw new Error('away')
    }
    store.remove = store.write as () => Promise<never>
    for (const request of ['GET /count', 'HEAD /count', 'GET /logout'] as const) {
      const { status, headers } = await visitor.send(request, known)
      t.equal(status, 503, request)
      t.not(headers.etag, known.headers['if-none-match'])
    }
    const mine = await visitor.send('GET /tagged', { headers: { 'if-none-match': '"mine"' } })
    t.equal(mine.status, 503)
    t.not(mine.headers.etag, '"mine"')
  })
}
