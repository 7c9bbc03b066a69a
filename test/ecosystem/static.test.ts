import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { type StarsessionsOptions } from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

/** @param apart registers the sessions in a scope of their own, beside the files */
async function application(t: Test, options: StarsessionsOptions, apart = false) {
  const root = t.testdir({ 'app.css': 'p { margin: 0 }', 'report.txt': 'all is well' })
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fastifyStatic, { root, prefix: '/assets/' })
  const pages = async (scope: FastifyInstance) => {
    await scope.register(starsessions, { store, ...options })
    scope.post('/login', async (request) => Object.assign(await request.loadSession(), { user: 'ada' }))
    scope.get('/report', async (request, reply) => {
      const session = await request.loadSession()
      session.downloads = (session.downloads ?? 0) + 1
      return reply.sendFile('report.txt')
    })
  }
  if (apart) await app.register(pages)
  else await pages(app)
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  Object.assign(store.calls, { read: 0, write: 0, remove: 0 })
  return { visitor, store }
}

const free: [string, StarsessionsOptions, boolean?][] = [
  ['without autoload', {}],
  ['with a list of paths', { autoload: ['/report'] }],
  ['with autoload for every path except files', { autoload: [/^(?!\/assets\/)/] }],
  ['with autoload: true in a scope beside the files', { autoload: true, rolling: true, lifetime: 60 }, true]
]
for (const [name, options, apart] of free) {
  t.test(`${name}, a file costs no store call and gets no session header`, async (t) => {
    const { visitor, store } = await application(t, options, apart)
    for (const request of ['GET /assets/app.css', 'HEAD /assets/app.css', 'GET /assets/missing.css']) {
      const { headers, lines, status } = await visitor.send(request)
      t.equal(status, request.includes('missing') ? 404 : 200, request)
      t.same(lines, [])
      t.equal(headers.vary, undefined)
    }
    t.same(store.calls, { read: 0, write: 0, remove: 0 })
  })
}

t.test('with autoload: true in the same scope, each file costs a read and has Vary: Cookie', async (t) => {
  const { visitor, store } = await application(t, { autoload: true })
  const { headers } = await visitor.send('GET /assets/app.css')
  t.equal(headers.vary, 'Cookie')
  t.same(store.calls, { read: 1, write: 0, remove: 0 })
})

t.test('a file that a handler sends sets the session cookie, also with a 304 or for HEAD', async (t) => {
  const { visitor, store } = await application(t, { rolling: true, lifetime: 60 })
  const first = await visitor.send('GET /report')
  t.match(first, { status: 200, body: 'all is well' })
  t.match(first.lines, [/^session=.*Max-Age=60/])
  const cached = await visitor.send('GET /report', { headers: { 'if-none-match': String(first.headers.etag) } })
  t.match(cached, { status: 304, body: /^$/ })
  t.match(cached.lines, [/^session=/])
  const head = await visitor.send('HEAD /report')
  t.match(head, { status: 200, body: /^$/ })
  t.match(head.lines, [/^session=/])
  // If the file begins after the commit, the plugin reads the session again before it sends the cookie.
  const { read, ...others } = store.calls
  t.ok(read >= 3 && read <= 5, `${read} reads`)
  t.same(others, { write: 3, remove: 0 })
})

t.test('if the session cannot be stored, the 503 has no headers of the file', async (t) => {
  const { visitor, store } = await application(t, {})
  store.write = async () => {
    throw new Error('away')
  }
  const { status, headers, json } = await visitor.send('GET /report', { headers: { range: 'bytes=0-2' } })
  t.equal(status, 503)
  t.equal(json().code, 'FST_SESSION_STORE')
  for (const name of ['content-range', 'accept-ranges', 'last-modified', 'etag'])
    t.equal(headers[name], undefined, name)
})
