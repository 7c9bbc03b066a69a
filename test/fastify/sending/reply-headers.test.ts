import type { OutgoingHttpHeaders } from 'node:http'
import Fastify, { type FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { oneOrList } from '../../../lib/fastify/set-cookie.ts'
import starsessions from '../../../lib/index.ts'
import { MapStore } from '../../support/map-store.ts'

const PUBLIC = {
  'cdn-cache-control': 'public, max-age=60',
  'netlify-cdn-cache-control': 'public, durable',
  'surrogate-control': 'max-age=60',
  'x-accel-expires': '60'
}
const STOPPED = {
  'cdn-cache-control': 'no-store',
  'netlify-cdn-cache-control': 'no-store',
  'surrogate-control': 'no-store',
  'x-accel-expires': '0'
}

async function application(t: Test, store = new MapStore()) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store, autoload: true })
  return app
}

t.test('a response that sets the cookie is not cached by a CDN, for each way of sending it', async (t) => {
  const app = await application(t)
  const login = (reply: FastifyReply) => {
    reply.request.session.user = 'ada'
    return reply
  }
  app.get('/reply', async (_, reply) => login(reply).headers(PUBLIC).send('x'))
  app.get('/raw', async (_, reply) => {
    for (const [name, value] of Object.entries(PUBLIC)) reply.raw.setHeader(name, value)
    return login(reply).send('x')
  })
  app.get('/response', async (_, reply) => {
    login(reply)
    return new Response('x', { headers: PUBLIC })
  })
  app.get('/mixed', async (_, reply) => {
    login(reply).header('cdn-cache-control', 'public').header('x-accel-expires', 60)
    const { 'netlify-cdn-cache-control': one, 'surrogate-control': other } = PUBLIC
    return new Response('x', { headers: { 'netlify-cdn-cache-control': one, 'surrogate-control': other } })
  })
  app.get('/hijacked', async (request, reply) => {
    for (const [name, value] of Object.entries(PUBLIC)) reply.raw.setHeader(name, value)
    login(reply)
    await request.session.save()
    reply.hijack()
    reply.raw.end('x')
  })
  app.get('/hijacked-with-headers', async (request, reply) => {
    login(reply).headers(PUBLIC).header('cache-control', 'public')
    await request.session.save()
    reply.hijack()
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders).end('x')
  })
  for (const url of ['/reply', '/raw', '/response', '/mixed', '/hijacked', '/hijacked-with-headers']) {
    const { headers } = await app.inject(url)
    t.match(headers['set-cookie'], /^session=[^;]/, url)
    t.match(headers, { ...STOPPED, 'cache-control': 'no-store' }, url)
  }
})

t.test('a response without a cookie keeps its caching headers', async (t) => {
  const app = await application(t)
  app.get('/', async (_, reply) => reply.headers({ ...PUBLIC, 'cache-control': 'public' }).send('x'))
  t.match((await app.inject('/')).headers, { ...PUBLIC, 'cache-control': 'public' })
})

t.test('the error response of a failed commit does not keep the caching headers', async (t) => {
  const store = new MapStore()
  store.write = async () => {
    throw new Error('down')
  }
  const app = await application(t, store)
  app.get('/', async ({ session }, reply) => {
    session.user = 'ada'
    return reply.headers(PUBLIC).send('x')
  })
  const { statusCode, headers } = await app.inject('/')
  t.equal(statusCode, 503)
  t.match(headers, STOPPED)
})

t.test('one Set-Cookie line is a text, and several lines are a list', async (t) => {
  t.equal(oneOrList(['a=1']), 'a=1')
  t.same(oneOrList(['a=1', 'b=2']), ['a=1', 'b=2'])
  const app = await application(t)
  const login = (reply: FastifyReply) => {
    reply.request.session.user = 'ada'
    return reply
  }
  app.get('/one', async (_, reply) => login(reply).send('x'))
  app.get('/several', async (_, reply) => login(reply).header('set-cookie', 'a=1').send('x'))
  app.get('/hijacked', async (request, reply) => {
    login(reply)
    await request.session.save()
    reply.hijack()
    reply.raw.end('x')
  })
  app.get('/saved', async (request, reply) => {
    login(reply)
    await request.session.save()
    return 'x'
  })
  for (const url of ['/one', '/hijacked', '/saved']) {
    t.equal(typeof (await app.inject(url)).headers['set-cookie'], 'string', url)
  }
  t.match((await app.inject('/several')).headers['set-cookie'], ['a=1', /^session=/])
})
