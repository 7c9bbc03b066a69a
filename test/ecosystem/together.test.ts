import compress from '@fastify/compress'
import cors from '@fastify/cors'
import csrfProtection from '@fastify/csrf-protection'
import etag from '@fastify/etag'
import flash from '@fastify/flash'
import helmet from '@fastify/helmet'
import multipart from '@fastify/multipart'
import oauth2 from '@fastify/oauth2'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import underPressure from '@fastify/under-pressure'
import view from '@fastify/view'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

type Register = (app: FastifyInstance, root: string) => PromiseLike<unknown>

const plugin = (use: unknown, options: object = {}): Register => {
  return (app) => app.register(use as FastifyPluginAsync<object>, options)
}

const engine = { mustache: { render: (template: string) => template } }
const client = { id: 'client', secret: 'secret' }
const auth = { tokenHost: 'http://provider.example' }

const PACKAGES: Record<string, Register> = {
  '@fastify/oauth2': plugin(oauth2, {
    name: 'provider',
    credentials: { client, auth },
    callbackUri: 'http://app.example/callback'
  }),
  '@fastify/view': (app, root) => app.register(view, { engine, root }),
  '@fastify/static': (app, root) => app.register(fastifyStatic, { root, prefix: '/files/' }),
  '@fastify/multipart': plugin(multipart),
  '@fastify/compress': plugin(compress, { threshold: 0 }),
  '@fastify/etag': plugin(etag),
  '@fastify/cors': plugin(cors, { origin: true, credentials: true }),
  '@fastify/helmet': plugin(helmet),
  '@fastify/under-pressure': plugin(underPressure, { exposeStatusRoute: '/status' }),
  '@fastify/rate-limit': plugin(rateLimit, {
    keyGenerator: ({ session }: { session: { user?: string } }) => session.user
  }),
  '@fastify/websocket': plugin(websocket)
}
/** These packages need the session plugin to be registered first. */
const SESSION_USERS: Record<string, Register> = {
  '@fastify/csrf-protection': plugin(csrfProtection, { sessionPlugin: '@fastify/session' }),
  '@fastify/flash': plugin(flash)
}

async function application(t: Test, before: Register[], after: Register[]) {
  const root = t.testdir({ 'page.mustache': 'a page' })
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  for (const register of before) await register(app, root)
  await app.register(starsessions, { store, autoload: true })
  for (const register of after) await register(app, root)

  app.get('/read', async ({ session }) => `Hello, ${session.user}`)
  app.get('/count', async ({ session }, reply) => {
    reply.header('set-cookie', 'other=1; Path=/')
    session.n = (session.n ?? 0) + 1
    return 'counted'
  })
  app.get('/login', async ({ session }) => {
    await session.regenerateId()
    session.user = 'ada'
    return 'welcome'
  })
  app.get('/logout', async ({ session }) => session.destroy().then(() => 'bye'))
  app.get('/unchanged', async ({ session }, reply) => reply.code(session.n === undefined ? 200 : 304).send())
  app.get('/view', async (_, reply) => ('view' in reply ? reply.view('page.mustache') : 'a page'))
  return { visitor: new Visitor(app), store }
}

/** Checks what responses to GET and HEAD and with 304 do with the session. Other packages must not change that. */
async function behaves(t: Test, { visitor, store }: Awaited<ReturnType<typeof application>>) {
  const headers = { origin: 'http://front.example', 'accept-encoding': 'gzip' }
  const send = (request: string) => visitor.send(request, { headers })
  const counted = () => JSON.parse(String(Buffer.from([...store.entries.values()].at(-1)?.data ?? []))).n

  const anonymous = await send('HEAD /read')
  t.same([anonymous.status, anonymous.body, anonymous.lines], [200, '', []], 'an anonymous visitor gets no cookie')
  t.equal(store.entries.size, 0)

  const created = await send('HEAD /count')
  t.same([created.status, created.body], [200, ''])
  t.match(created.lines.toSorted(), [/^other=1/, /^session=[\w-]{43}; /], 'HEAD sets the same cookies as GET')
  t.match(String(created.headers.vary), /cookie/i)
  t.equal((await send('GET /count')).status, 200)
  t.equal(counted(), 2)

  const { write } = store.calls
  const unchanged = await send('GET /unchanged')
  t.same([unchanged.status, unchanged.body, unchanged.lines], [304, '', []])
  t.same((await send('HEAD /read')).lines, [])
  t.equal((await send('GET /view')).lines.length, 0)
  t.equal(store.calls.write, write, 'an unchanged session is not stored')

  const thief = visitor.thief()
  t.match((await send('HEAD /login')).lines, [/^session=/])
  t.not(visitor.jar.get('session'), thief.jar.get('session'))
  const { status, headers: answered } = await send('GET /read')
  t.equal(status, 200)
  t.match(String(answered.vary), /cookie/i)
  t.equal((await thief.send('GET /read')).body, 'Hello, undefined', 'the old id no longer works')
  t.equal((await visitor.send('GET /read')).body, 'Hello, ada')

  t.match((await send('HEAD /logout')).lines, [/^session=; Expires=Thu, 01 Jan 1970/])
  t.equal(visitor.jar.get('session'), undefined)
}

for (const [name, register] of Object.entries(PACKAGES)) {
  t.test(`GET, HEAD and 304 handle the session as usual with ${name} before or after the plugin`, async (t) => {
    // The rate limit counts by the user of the session, so the session plugin must be registered first.
    if (name !== '@fastify/rate-limit') await behaves(t, await application(t, [register], []))
    await behaves(t, await application(t, [], [register]))
  })
}

for (const [name, register] of Object.entries(SESSION_USERS)) {
  t.test(`GET, HEAD and 304 handle the session as usual with ${name}`, async (t) =>
    behaves(t, await application(t, [], [register]))
  )
}

t.test('GET, HEAD and 304 handle the session as usual with all packages', async (t) => {
  const all = [...Object.values(PACKAGES), ...Object.values(SESSION_USERS)]
  await behaves(t, await application(t, [], all))
})
