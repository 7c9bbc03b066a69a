import { Readable } from 'node:stream'
import type { FastifyError, FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'

class FailingStore extends MapStore {
  failing = true

  override async write(id: string, data: Uint8Array, lifetime: number, ttl: number) {
    if (this.failing) throw new Error('the disk at /var/secret is full')
    return super.write(id, data, lifetime, ttl)
  }
}

t.test('if the session cannot be stored, the response has status 503 without a session cookie', async (t) => {
  const { send, log } = await testApp(t, { store: new FailingStore() })
  const { status, body, headers, lines } = await send(undefined, (session) => void (session.a = 1))
  t.equal(status, 503)
  t.same(body, {
    statusCode: 503,
    code: 'FST_SESSION_STORE',
    error: 'Service Unavailable',
    message: 'The session store is unavailable'
  })
  t.equal(headers['retry-after'], '5')
  t.equal(headers['cache-control'], 'no-store')
  t.same(lines, [])
  t.match(JSON.stringify(log), /the disk at \/var\/secret is full/, 'the cause is in the log')
})

t.test('a failed commit gives a 503 also after a 404 or 418, or with an error handler without a status', async (t) => {
  const { app } = await testApp(t, { store: new FailingStore() }, (app) => {
    app.addHook('preHandler', async (request) => void ((await request.loadSession()).a = 1))
    app.register(
      async (child) => {
        child.setErrorHandler(async (error) => ({ handled: (error as Error).message }))
        child.get('/', async () => 'x')
      },
      { prefix: '/own' }
    )
    app.get('/error', async () => {
      throw Object.assign(new Error('teapot'), { statusCode: 418 })
    })
  })
  for (const url of ['/missing', '/error']) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 503, url)
    t.equal(response.json().code, 'FST_SESSION_STORE')
    t.equal(response.headers['set-cookie'], undefined)
  }
  const own = await app.inject('/own')
  t.equal(own.statusCode, 503)
  t.same(own.json(), { handled: 'The session store is unavailable' })
})

t.test('if the session cannot be stored, the stream of the response is destroyed', async (t) => {
  const streams: Readable[] = []
  const { app } = await testApp(t, { store: new FailingStore() }, (app) => {
    app.get('/stream', async (request, reply) => {
      ;(await request.loadSession()).a = 1
      const stream = Readable.from(['x'])
      streams.push(stream)
      return reply.header('content-type', 'text/csv').header('etag', '"1"').send(stream)
    })
  })
  const response = await app.inject('/stream')
  t.equal(response.statusCode, 503)
  t.equal(response.json().code, 'FST_SESSION_STORE')
  t.equal(streams[0]?.destroyed, true)
})

t.test('other Set-Cookie lines stay on the response when the session cannot be stored', async (t) => {
  const { app } = await testApp(t, { store: new FailingStore() }, (app) => {
    app.get('/cookies', async (request, reply) => {
      ;(await request.loadSession()).a = 1
      return reply.header('set-cookie', 'theirs=1').send('x')
    })
  })
  t.same((await app.inject('/cookies')).headers['set-cookie'], 'theirs=1')
})

t.test('changes that save() has stored stay when the commit of the response fails', async (t) => {
  const store = new FailingStore()
  store.failing = false
  const { send } = await testApp(t, { store })
  const { status, cookie } = await send(undefined, async (session) => {
    session.a = 1
    await session.save()
    store.failing = true
    session.a = 2
  })
  t.equal(status, 503)
  t.same((await send(cookie, (session) => session.data())).body, { a: 1 })
})

t.test('a value that cannot be serialized gives a 500; the log names its key, the response does not', async (t) => {
  const store = new MapStore()
  const { send, problems } = await testApp(t, { store })
  const { status, body, lines } = await send(undefined, (session) => void (session.cart = { total: 1n }))
  t.equal(status, 500)
  t.match(body, { code: 'FST_SESSION_SERIALIZE', message: 'The session cannot be serialized: see the log' })
  t.same(lines, [])
  t.equal(store.calls.write, 0)
  t.match(JSON.stringify(problems()), /cart\.total/)
  await send(undefined, async (session) => {
    session.callback = () => undefined
    await t.rejects(session.save(), { code: 'FST_SESSION_SERIALIZE', message: /"callback"/ })
    delete session.callback
  })
})

t.test('a session too large for its cookie gives a 500, and the log names the largest keys', async (t) => {
  const { send, problems } = await testApp(t, { store: new CookieStore({ secretKey: 's'.repeat(32) }) })
  const { status, body, lines } = await send(undefined, (session) => {
    session.small = 1
    session.cart = 'x'.repeat(4000)
  })
  t.equal(status, 500)
  t.match(body, { code: 'FST_SESSION_TOO_LARGE', message: 'The session is too large: see the log' })
  t.same(lines, [])
  t.match(JSON.stringify(problems()), /cart.{1,4} \(40\d\d bytes\)/)
  await send(undefined, async (session) => {
    session.cart = 'x'.repeat(4000)
    await t.rejects(session.save(), { code: 'FST_SESSION_TOO_LARGE', message: /"cart" \(40\d\d bytes\)/ })
    session.clear()
  })
})

t.test('a payload that Fastify refuses after the commit is answered with 500', async (t) => {
  const { app } = await testApp(t, {}, (app) => {
    app.get('/odd', { onSend: async () => 5 as unknown as string }, async (request) => {
      ;(await request.loadSession()).a = 1
      return 'x'
    })
  })
  t.equal((await app.inject('/odd')).statusCode, 500)
})

t.test('a getter in the data that throws gives a 500 with a fixed message', async (t) => {
  const { send, problems } = await testApp(t, { store: new MapStore() })
  const { status, body } = await send(undefined, (session) => {
    Object.defineProperty(session, 'odd', {
      enumerable: true,
      get() {
        throw new Error('about the cart')
      }
    })
  })
  t.equal(status, 500)
  t.match(body, { code: 'FST_SESSION_SERIALIZE', message: 'The session cannot be serialized: see the log' })
  t.match(JSON.stringify(problems()), /key .{1,4}odd.{1,4} cannot be read: its getter throws/)
  t.notMatch(JSON.stringify(problems()), /about the cart/)
})

/** A store whose reads and writes fail while `down` is true. */
class DownStore extends MapStore {
  down = false

  override async read(id: string) {
    if (this.down) throw new Error('down')
    return super.read(id)
  }

  override async write(id: string, data: Uint8Array, lifetime: number, ttl: number) {
    if (this.down) throw new Error('down')
    return super.write(id, data, lifetime, ttl)
  }
}

/** An application with an error handler that sends only the status and code of the error, as many applications have. */
async function withOwnErrors(t: Test, prepare: (app: FastifyInstance) => unknown = () => undefined) {
  const store = new DownStore()
  const made = await testApp(t, { store, autoload: ['/auto'] }, (app) => {
    app.setErrorHandler<FastifyError>((error, _request, reply) =>
      reply.code(error.statusCode ?? 500).send({ own: error.code })
    )
    app.get('/auto', async () => 'x')
    return prepare(app)
  })
  const { cookie } = await made.send(undefined, (session) => void (session.n = 1))
  const get = (url: string) => made.app.inject({ url, headers: { cookie: String(cookie) } })
  store.down = true
  return { ...made, store, get, send: (handler: Handler) => made.send(cookie, handler) }
}

t.test('if a session cannot be loaded, a 503 has Retry-After, also from a custom error handler', async (t) => {
  const { get, send } = await withOwnErrors(t)
  const autoloaded = await get('/auto')
  t.equal(autoloaded.statusCode, 503)
  t.same(autoloaded.json(), { own: 'FST_SESSION_STORE' })
  t.equal(autoloaded.headers['retry-after'], '5')
  const loaded = await send(() => t.fail('no session can be loaded'))
  t.equal(loaded.status, 503)
  t.same(loaded.body, { own: 'FST_SESSION_STORE' })
  t.equal(loaded.headers['retry-after'], '5')
})

t.test('if save(), update(), reload() or destroy() fails, the 503 has Retry-After as well', async (t) => {
  const { store, send } = await withOwnErrors(t)
  const calls: Handler[] = [
    (session) => session.save(),
    (session) => session.update(() => undefined),
    (session) => session.reload(),
    (session) => session.destroy()
  ]
  t.intercept(store, 'remove', {
    value: async () => {
      throw new Error('down')
    }
  })
  for (const call of calls) {
    store.down = false
    const { status, headers } = await send(async (session) => {
      store.down = true
      session.n++
      await call(session, session as never)
    })
    t.equal(status, 503, String(call))
    t.equal(headers['retry-after'], '5', String(call))
  }
})

t.test('Retry-After is removed if the response is no 503, or if the session was loaded after all', async (t) => {
  const { store, get } = await withOwnErrors(t, (app) => {
    app.get('/without', async (request) => {
      await t.rejects(request.loadSession(), { code: 'FST_SESSION_STORE' })
      return 'as a visitor'
    })
    app.get('/otherwise', async (request, reply) => {
      await t.rejects(request.loadSession(), { code: 'FST_SESSION_STORE' })
      return reply.code(500).send('x')
    })
    app.get('/again', async (request, reply) => {
      await t.rejects(request.loadSession(), { code: 'FST_SESSION_STORE' })
      store.down = false
      await request.loadSession()
      return reply.code(503).send('for another reason')
    })
  })
  for (const [url, status] of [['/without', 200] as const, ['/otherwise', 500] as const, ['/again', 503] as const]) {
    const { statusCode, headers } = await get(url)
    t.equal(statusCode, status, url)
    t.notOk('retry-after' in headers, url)
  }
})

t.test('a Retry-After of the application stays, and a web Response gets one as well', async (t) => {
  const { get } = await withOwnErrors(t, (app) => {
    app.get('/own', async (request, reply) => {
      await t.rejects(request.loadSession())
      return reply.code(503).header('retry-after', 60).send('x')
    })
    app.get('/web', async (request, reply) => {
      await t.rejects(request.loadSession())
      return reply.send(new Response('x', { status: 503 }))
    })
    app.get('/web-own', async (request, reply) => {
      await t.rejects(request.loadSession())
      return reply.send(new Response('x', { status: 503, headers: { 'retry-after': '60' } }))
    })
  })
  t.equal((await get('/own')).headers['retry-after'], '60')
  t.equal((await get('/web')).headers['retry-after'], '5')
  t.equal((await get('/web-own')).headers['retry-after'], '60')
})
