import { Readable } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'

t.test('an immutable Response from fetch() gets the headers of the session as well', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new MapStore() })
  app.get('/proxied', async (request) => {
    ;(await request.loadSession()).a = 1
    return fetch('data:text/plain,proxied')
  })
  const { headers, body } = await app.inject('/proxied')
  t.equal(body, 'proxied')
  t.match(headers['set-cookie'], /^session=/)
  t.match(headers, { vary: 'Cookie', 'cache-control': 'no-store' })
})

t.test('a stream with an error status goes out at once, and nothing of its session is stored', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = new MapStore()
  await app.register(starsessions, { store, autoload: true, lifetime: 60, rolling: true })
  app.get('/login', async ({ session }) => void (session.a = 1))
  app.get('/failed', async ({ session }, reply) => {
    session.a = 2
    return reply.code(500).send(Readable.from(['it', ' failed']))
  })
  const login = await app.inject('/login')
  const cookie = String(login.headers['set-cookie']).split(';')[0]!
  const writes = store.calls.write
  const { statusCode, body, headers } = await app.inject({ url: '/failed', headers: { cookie } })
  t.same([statusCode, body, headers['set-cookie']], [500, 'it failed', undefined])
  t.equal(store.calls.write, writes)
})
