import { Readable } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import { SessionTooLargeError } from '../../lib/errors.ts'
import starsessions from '../../lib/index.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
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

/** Errors of a store, by the status of the response. */
const FAILURES = {
  503: () => new Error('down'),
  500: () => new SessionTooLargeError('the row is full')
} as const

for (const [status, fail] of Object.entries(FAILURES)) {
  for (const way of ['throws at once', 'rejects'] as const) {
    t.test(
      `if the store ${way} during the commit, the response is a ${status}, also instead of a stream`,
      async (t) => {
        const app = Fastify()
        t.teardown(() => app.close())
        const store = new InMemoryStore()
        await app.register(starsessions, { store, autoload: true })
        const streams: Readable[] = []
        app.get('/text', async ({ session }, reply) => {
          session.a = 1
          return reply.code(404).header('etag', '"1"').send('text')
        })
        app.get('/stream', async ({ session }, reply) => {
          session.a = 1
          const stream = Readable.from(['a', ' stream'])
          streams.push(stream)
          return reply.header('etag', '"1"').send(stream)
        })
        store.write = () => {
          if (way === 'rejects') return Promise.reject(fail())
          throw fail()
        }
        for (const url of ['/text', '/stream']) {
          const { statusCode, headers } = await app.inject(url)
          t.equal(statusCode, Number(status), url)
          t.match(headers, { 'cache-control': 'no-store', vary: 'Cookie' }, url)
          t.equal(headers['retry-after'] !== undefined, status === '503', url)
          t.same([headers['set-cookie'], headers.etag], [undefined, undefined], url)
        }
        t.equal(streams[0]?.destroyed, true)
      }
    )
  }
}

t.test('if a commit finds at once that the session has ended, the response is a 409', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = new InMemoryStore()
  await app.register(starsessions, { store, autoload: true })
  app.get('/login', async ({ session }) => void (session.a = 1))
  app.get('/:kind', async ({ session, params }) => {
    session.a = 2
    store.remove(String(session.id))
    return (params as { kind: string }).kind === 'stream' ? Readable.from(['a stream']) : {}
  })
  for (const url of ['/text', '/stream']) {
    const login = await app.inject('/login')
    const cookie = String(login.headers['set-cookie']).split(';')[0]!
    const { statusCode, headers } = await app.inject({ url, headers: { cookie } })
    t.equal(statusCode, 409, url)
    t.match(headers, { 'cache-control': 'no-store' }, url)
    t.same([headers['retry-after'], headers['set-cookie']], [undefined, undefined], url)
  }
})

t.test('a session that is committed at once goes out with a stream', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new InMemoryStore(), autoload: true })
  app.get('/', async ({ session }) => {
    session.a = 1
    return Readable.from(['a', ' stream'])
  })
  const { statusCode, body, headers } = await app.inject('/')
  t.same([statusCode, body], [200, 'a stream'])
  t.match(headers['set-cookie'], /^session=/)
})
