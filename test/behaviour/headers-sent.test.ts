import { once } from 'node:events'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore } from '../../lib/index.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'
import type { LogLine } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { waitUntil } from '../support/wait-until.ts'

// The package `ws` has no types.
const { WebSocket } = createRequire(import.meta.url)('ws')

type Tap = { teardown(fn: () => unknown): void }

const SECRET = 'thirty-two bytes of text, or more than that'

/** Starts an application that loads the session on every route, and collects the errors of its log. */
async function serve(t: Tap, options: StarsessionsOptions, routes: (app: FastifyInstance) => unknown) {
  const errors: LogLine[] = []
  const write = (line: string) => void errors.push(JSON.parse(line))
  const app = Fastify({ logger: { level: 'error', stream: { write } }, forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(fastifyWebsocket)
  await app.register(starsessions, { autoload: true, ...options })
  await app.register(async (scope) => routes(scope))
  app.post('/login', async ({ session }) => {
    session.user = 'alice'
    return {}
  })
  app.get('/data', async ({ session }) => session.data())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const cookieOf = (response: Response) => response.headers.getSetCookie().map((line) => line.split(';', 1)[0])
  const login = async () => String(cookieOf(await fetch(`${origin}/login`, { method: 'POST' }))[0])
  const data = async (cookie: string) => (await fetch(`${origin}/data`, { headers: { cookie } })).json()
  return {
    errors,
    origin,
    login,
    data,
    cookieOf,
    /** Sends a request, and waits until the server has finished with the response. */
    async ask(url: string, headers: Record<string, string> = {}): Promise<Response> {
      const response = await fetch(origin + url, { headers })
      await response.text()
      for (let turns = 0; turns < 10; turns++) await turn()
      return response
    },
    /** Like `ask`, but without a connection. */
    async inject(url: string): Promise<unknown> {
      const response = await app.inject(url)
      for (let turns = 0; turns < 10; turns++) await turn()
      return response
    },
    /** Opens a WebSocket, waits for one message, closes the socket, and returns the message. */
    async socket(url: string, headers: Record<string, string> = {}): Promise<unknown> {
      const client = new WebSocket(`ws://127.0.0.1:${port}${url}`, { headers })
      const [message] = await once(client, 'message')
      client.close()
      await once(client, 'close')
      return JSON.parse(String(message))
    }
  }
}

/** The result of a call as plain data, so that a response can carry it. */
const outcome = (promise: Promise<unknown>): Promise<object> =>
  promise.then(
    () => ({ ok: true }),
    ({ code, message }) => ({ code, message })
  )

const late = (t: Test, errors: readonly LogLine[], message: RegExp) =>
  t.match(errors, [{ msg: /a change of the session is lost/, err: { code: 'FST_SESSION_HEADERS_SENT', message } }])

const AFTER = /changed after the headers had gone out/
const UNSENT = /Fastify did not send the response/

t.test('save() before hijack() stores the session and puts the cookie on the raw response', async (t) => {
  for (const store of [new MapStore(), new CookieStore({ secretKey: SECRET })]) {
    const { ask, errors, cookieOf, data } = await serve(t, { store }, (app) => {
      app.get('/hijacked', async ({ session }, reply) => {
        session.user = 'bob'
        await session.save()
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
        reply.raw.end('data: x\n\n')
        return reply
      })
      app.get('/afterwards', async ({ session }, reply) => {
        reply.hijack()
        session.user = 'bob'
        await session.save()
        reply.raw.end('x')
      })
      app.get('/own-headers', async ({ session }, reply) => {
        reply.header('set-cookie', 'other=1')
        session.user = 'bob'
        await session.save()
        reply.hijack()
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
        reply.raw.end('x')
        return reply
      })
      app.get('/sent', async ({ session }, reply) => {
        reply.header('set-cookie', 'other=1')
        session.user = 'bob'
        await session.save()
        return 'x'
      })
    })
    for (const url of ['/hijacked', '/afterwards', '/own-headers', '/sent']) {
      const response = await ask(url)
      const cookies = cookieOf(response)
      t.equal(cookies.filter((cookie) => cookie?.startsWith('session=')).length, 1, url)
      t.equal(cookies.includes('other=1'), url === '/own-headers' || url === '/sent')
      t.same(await data(cookies.join('; ')), { user: 'bob' }, url)
    }
    t.same(errors, [])
  }
})

t.test('save() after the headers stores the session, and rejects if that would need a new cookie', async (t) => {
  const store = new MapStore()
  const outcomes: object[] = []
  const { ask, login, data, errors } = await serve(t, { store }, (app) => {
    const afterHeaders =
      (change: (session: Session) => unknown) => async (request: { session: Session }, reply: Reply) => {
        reply.hijack()
        reply.raw.writeHead(200)
        reply.raw.write('x')
        outcomes.push(await outcome((async () => change(request.session))()))
        reply.raw.end()
      }
    type Reply = { hijack(): unknown; raw: import('node:http').ServerResponse }
    app.get(
      '/change',
      afterHeaders((session) => {
        session.n = 1
        return session.save()
      })
    )
    app.get(
      '/update',
      afterHeaders((session) => session.update((newest) => void (newest.n = 2)))
    )
    app.get(
      '/rotate',
      afterHeaders(async (session) => {
        await session.regenerateId()
        await session.save()
      })
    )
    app.get(
      '/rotate-within',
      afterHeaders((session) => session.update((newest) => newest.regenerateId()))
    )
    app.get(
      '/options',
      afterHeaders((session) => {
        session.options({ maxAge: null })
        return session.save()
      })
    )
    app.get(
      '/update-nothing',
      afterHeaders((session) => session.update(() => undefined))
    )
    app.get(
      '/destroy',
      afterHeaders((session) => session.destroy())
    )
  })
  const cookie = await login()
  const [id] = [...store.entries.keys()]
  const after = async (url: string, headers = {}) => {
    await ask(url, headers)
    return outcomes.pop()
  }
  t.same(await after('/change', { cookie }), { ok: true })
  t.same(await data(cookie), { user: 'alice', n: 1 })
  t.same(await after('/update', { cookie }), { ok: true })
  t.same(await data(cookie), { user: 'alice', n: 2 })
  t.same(await after('/update-nothing'), { ok: true })
  t.same(errors, [])

  const refused = {
    code: 'FST_SESSION_HEADERS_SENT',
    message: /needs a cookie.*Call `await session\.save\(\)` before.*earlier/
  }
  for (const url of ['/change', '/update']) t.match(await after(url), refused, `${url} of a new session`)
  for (const url of ['/rotate', '/rotate-within', '/options']) t.match(await after(url, { cookie }), refused, url)
  t.same([...store.entries.keys()], [id], 'no record was added or removed')
  t.same(await data(cookie), { user: 'alice', n: 2 })
  t.same(await after('/destroy', { cookie }), { ok: true })
  t.same(await data(cookie), {})
})

t.test('save() rejects if the headers were sent without its cookie while the store was writing', async (t) => {
  const store = new MapStore()
  let whileWriting = () => {}
  const { write } = MapStore.prototype
  store.write = (...args) => {
    whileWriting()
    return write.apply(store, args)
  }
  const outcomes: object[] = []
  const { ask, login } = await serve(t, { store, lifetime: 60, rolling: true }, (app) => {
    app.get('/', async ({ session }, reply) => {
      reply.hijack()
      session.n = 1
      whileWriting = () => reply.raw.writeHead(200)
      outcomes.push(await outcome(session.save()))
      whileWriting = () => {}
      reply.raw.end('x')
    })
  })
  await ask('/')
  t.match(outcomes.pop(), { code: 'FST_SESSION_HEADERS_SENT' })
  await ask('/', { cookie: await login() })
  t.same(outcomes.pop(), { ok: true }, 'the browser has this cookie already')
})

t.test('with a cookie store, every change after the headers rejects', async (t) => {
  const outcomes: object[] = []
  const { ask, login, data, errors } = await serve(t, { store: new CookieStore({ secretKey: SECRET }) }, (app) => {
    app.get<{ Querystring: { what: 'save' | 'destroy' | 'clear' | 'update' | 'nothing' } }>(
      '/',
      async (request, reply) => {
        const { session } = request
        const { what } = request.query
        reply.hijack()
        reply.raw.writeHead(200)
        if (what === 'save') session.n = 1
        if (what === 'clear') session.clear()
        const done = {
          save: () => session.save(),
          clear: () => session.save(),
          nothing: () => session.save(),
          destroy: () => session.destroy(),
          update: () => session.update((newest) => void (newest.n = 1))
        }
        outcomes.push(await outcome(done[what]()))
        await session.reload()
        reply.raw.end('x')
      }
    )
  })
  const cookie = await login()
  for (const what of ['save', 'destroy', 'clear', 'update']) {
    await ask(`/?what=${what}`, { cookie })
    t.match(outcomes.pop(), { code: 'FST_SESSION_HEADERS_SENT' }, what)
  }
  await ask('/?what=nothing', { cookie })
  t.same(outcomes.pop(), { ok: true })
  await ask('/?what=destroy')
  t.same(outcomes.pop(), { ok: true }, 'the request had no cookie to clear')
  t.same(await data(cookie), { user: 'alice' })
  t.same(errors, [])
})

t.test('a change after the headers of a stream is an error in the log, unless it is saved', async (t) => {
  const { ask, login, data, errors } = await serve(t, {}, (app) => {
    const streaming =
      (during: (session: Session) => unknown) => async (request: { session: Session }, reply: Reply) => {
        request.session.nested = {}
        const chunks = async function* () {
          yield 'x'
          await during(request.session)
          yield 'y'
        }
        return reply.send(Readable.from(chunks()))
      }
    type Reply = { send(payload: unknown): unknown }
    app.get(
      '/nothing',
      streaming(() => undefined)
    )
    app.get(
      '/change',
      streaming((session) => Object.assign(session.nested, { late: true }))
    )
    app.get(
      '/save',
      streaming((session) => {
        session.n = 1
        return session.save()
      })
    )
  })
  const cookie = await login()
  await ask('/nothing', { cookie })
  await ask('/save', { cookie })
  t.same(await data(cookie), { user: 'alice', nested: {}, n: 1 })
  t.same(errors, [])
  await ask('/change', { cookie })
  late(t, errors, AFTER)
  t.same(await data(cookie), { user: 'alice', nested: {}, n: 1 })
})

t.test('a nested change while a web Response is sent is an error in the log', async (t) => {
  const { ask, errors } = await serve(t, {}, (app) => {
    app.get('/', async ({ session }) => {
      session.list = [1]
      // With highWaterMark 0, `pull` runs only when the stream is read.
      const source = {
        pull(controller: ReadableStreamDefaultController) {
          session.list.push(2)
          controller.enqueue(new TextEncoder().encode('x'))
          controller.close()
        }
      }
      return new Response(new ReadableStream(source, { highWaterMark: 0 }))
    })
  })
  await ask('/')
  late(t, errors, AFTER)
})

t.test('a change in a later onSend hook is an error in the log', async (t) => {
  const store = new MapStore()
  const { ask, login, data, errors } = await serve(t, { store }, (app) => {
    const changes: Record<string, (session: Session) => unknown> = {
      '/set': (session) => (session.late = true),
      '/delete': (session) => delete session.user,
      '/replace': (session) => (session.user = 'bob'),
      '/equal': (session) => (session.list = [1]),
      '/undefined': (session) => (session.nothing = undefined)
    }
    // A hook of the inner scope runs after the hook of the plugin.
    app.addHook('onSend', async (request) => void changes[request.url]?.(request.session))
    for (const url of Object.keys(changes)) app.get(url, async ({ session }) => (session.list = [1]))
  })
  const cookie = await login()
  for (const url of ['/equal', '/undefined']) await ask(url, { cookie })
  t.same(errors, [])
  for (const url of ['/set', '/delete', '/replace']) {
    await ask(url, { cookie })
    late(t, errors, AFTER)
    t.equal(errors.splice(0).length, 1)
  }
  t.same(await data(cookie), { user: 'alice', list: [1] })
})

t.test('an unsaved change is an error in the log if the handler hijacked or ended the response itself', async (t) => {
  const { ask, login, errors } = await serve(t, {}, (app) => {
    app.get('/quiet', async (_request, reply) => {
      reply.hijack()
      reply.raw.end('x')
    })
    app.get('/failed', async ({ session }, reply) => {
      reply.hijack()
      session.n = 1
      reply.raw.writeHead(500)
      reply.raw.end('x')
    })
    app.get('/hijacked', async ({ session }, reply) => {
      reply.hijack()
      session.n = 1
      reply.raw.end('x')
    })
    app.get('/ended', async ({ session }, reply) => {
      session.n = () => 'a value that cannot be stored is lost as well'
      reply.raw.end('x')
      return reply
    })
  })
  const cookie = await login()
  for (const url of ['/quiet', '/failed']) await ask(url, { cookie })
  t.same(errors, [])
  for (const url of ['/hijacked', '/ended']) {
    await ask(url, { cookie })
    late(t, errors, UNSENT)
    errors.length = 0
  }
})

t.test('after an error response or a failed commit, further changes are not logged', async (t) => {
  const { ask, errors } = await serve(t, {}, (app) => {
    app.get('/error', async ({ session }, reply) => {
      session.n = 1
      reply.code(500).send('x')
      await turn()
      session.n = 2
      return reply
    })
    app.get('/unserializable', async ({ session }) => {
      session.n = () => 1
      return 'x'
    })
  })
  await ask('/error')
  t.same(errors, [])
  await ask('/unserializable')
  t.match(errors, [{ msg: 'the session could not be committed' }, { err: { code: 'FST_SESSION_SERIALIZE' } }])
  t.equal(errors.length, 2)
})

t.test('if the handler began the response itself, a failed commit is logged and the response goes on', async (t) => {
  const store = new MapStore()
  const { origin, errors, login, data } = await serve(t, { store }, (app) => {
    app.get('/', async ({ session }, reply) => {
      session.n = 1
      reply.raw.writeHead(200)
      return reply.send(Readable.from(['x']))
    })
  })
  t.equal(await (await fetch(origin)).text(), 'x')
  t.match(errors, [{ msg: 'the session could not be committed', err: { code: 'FST_SESSION_HEADERS_SENT' } }])
  t.equal(errors.length, 1)
  t.equal(store.entries.size, 0)
  const cookie = await login()
  t.equal(await (await fetch(origin, { headers: { cookie } })).text(), 'x')
  t.same(await data(cookie), { user: 'alice', n: 1 }, 'a change that needs no new cookie is stored')
})

t.test('if the client goes away early, the handler runs on and its changes are stored', async (t) => {
  const store = new MapStore()
  let proceed = () => {}
  const { origin, errors, login, data } = await serve(t, { store }, (app) => {
    app.get('/', async ({ session, raw }) => {
      session.n = 1
      request.destroy()
      await new Promise((resolve) => raw.on('close', resolve))
      for (let turns = 0; turns < 10; turns++) await turn()
      return 'x'
    })
    app.addHook('onSend', async () => proceed())
  })
  const cookie = await login()
  const committed = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const request = get(origin, { headers: { cookie } })
  request.on('error', () => undefined)
  await committed
  await turn()
  t.same(await data(cookie), { user: 'alice', n: 1 })
  t.same(errors, [])
})

t.test('in a WebSocket, save() stores, reload() reads changes of others, and closing logs no error', async (t) => {
  const store = new MapStore()
  const { origin, socket, login, data, errors } = await serve(t, { store }, (app) => {
    app.post('/cart', async ({ session }) => {
      session.cart = ['tea']
      return {}
    })
    app.get('/', { websocket: true }, async (socket, { session, headers }) => {
      session.n = 1
      await session.save()
      await fetch(`${origin}/cart`, { method: 'POST', headers: { cookie: String(headers.cookie) } })
      await session.reload()
      socket.on('close', () => {
        session.closed = true
        session.save()
      })
      socket.send(JSON.stringify(session.data()))
    })
  })
  const cookie = await login()
  t.same(await socket('/', { cookie }), { user: 'alice', n: 1, cart: ['tea'] })
  for (let turns = 0; turns < 10; turns++) await turn()
  t.same(await data(cookie), { user: 'alice', n: 1, cart: ['tea'], closed: true })
  t.same(errors, [])
})

t.test('in a WebSocket without a stored session, save() rejects, and the lost change is logged', async (t) => {
  const store = new MapStore()
  const { socket, errors } = await serve(t, { store }, (app) => {
    app.get('/', { websocket: true }, async (socket, { session }) => {
      session.n = 1
      socket.send(JSON.stringify(await outcome(session.save())))
    })
  })
  t.match(await socket('/'), { code: 'FST_SESSION_HEADERS_SENT', message: /for a WebSocket.*earlier response/ })
  for (let turns = 0; turns < 10; turns++) await turn()
  late(t, errors, UNSENT)
  t.equal(store.entries.size, 0)
})

t.test('save() rejects also through injectWS(), where only a header shows that this is a WebSocket', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fastifyWebsocket)
  await app.register(starsessions, { autoload: true })
  app.get('/', { websocket: true }, async (socket, { session }) => {
    session.n = 1
    socket.send(JSON.stringify(await outcome(session.save())))
  })
  await app.ready()
  const client = await app.injectWS('/', {}, { onInit: (ws) => void (message = once(ws, 'message')) })
  t.match(JSON.parse(String((await message)[0])), { code: 'FST_SESSION_HEADERS_SENT' })
  client.terminate()
})
let message: Promise<unknown[]> = Promise.resolve([])

t.test('if the cookie that save() put on the raw response is lost, the log has an error', async (t) => {
  const { ask, inject, errors } = await serve(t, {}, (app) => {
    type Raw = FastifyReply['raw']
    const rawly = (url: string, send: (raw: Raw) => unknown) =>
      app.get(url, async ({ session }, reply) => {
        session.user = 'ada'
        await session.save()
        reply.hijack()
        send(reply.raw)
        reply.raw.end('x')
      })
    rawly('/lost/set', (raw) => raw.setHeader('Set-Cookie', 'theme=dark'))
    rawly('/lost/list', (raw) => raw.setHeader('set-cookie', ['theme=dark', 'session=other; Path=/']))
    rawly('/lost/write', (raw) => raw.writeHead(200, { 'Set-Cookie': 'theme=dark' }))
    rawly('/lost/pairs', (raw) => raw.writeHead(200, ['set-cookie', 'theme=dark']))
    rawly('/lost/remove', (raw) => raw.removeHeader('set-cookie'))
    rawly('/kept/nothing', () => undefined)
    rawly('/kept/append', (raw) => raw.appendHeader('set-cookie', 'theme=dark'))
    rawly('/kept/list', (raw) => raw.setHeader('set-cookie', [raw.getHeader('set-cookie') as string, 'theme=dark']))
    rawly('/kept/write', (raw) => raw.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'private' }))
    rawly('/cached', (raw) => raw.setHeader('cache-control', 's-maxage=60'))
    rawly('/cached/cdn', (raw) => raw.setHeader('CDN-Cache-Control', 'public'))
    rawly('/cached/surrogate', (raw) => raw.writeHead(200, { 'surrogate-control': 'max-age=60' }))
    rawly('/kept/cdn', (raw) => raw.setHeader('cdn-cache-control', 'private'))
    app.get('/lost/destroyed', async ({ session }, reply) => {
      session.user = 'ada'
      await session.save()
      await session.destroy()
      reply.hijack()
      reply.raw.removeHeader('set-cookie')
      reply.raw.end('x')
    })
    app.get('/kept/by-fastify', async ({ session }, reply) => {
      session.user = 'ada'
      await session.save()
      reply.raw.setHeader('set-cookie', 'theme=dark')
      return 'x'
    })
  })
  for (const send of [ask, inject]) {
    for (const url of ['/lost/set', '/lost/list', '/lost/write', '/lost/pairs', '/lost/remove', '/lost/destroyed']) {
      await send(url)
      const message = /session cookie was put on reply\.raw.*appendHeader/
      t.match(errors, [{ msg: /headers of the session are lost/, err: { message } }], url)
      t.equal(errors.splice(0).length, 1, url)
    }
    for (const url of ['/kept/nothing', '/kept/append', '/kept/list', '/kept/write', '/kept/cdn', '/kept/by-fastify']) {
      await send(url)
      t.same(errors, [], url)
    }
    await send('/cached')
    t.match(errors.splice(0), [{ err: { message: /Cache-Control lets shared caches keep it/ } }])
    await send('/cached/cdn')
    t.match(errors.splice(0), [{ err: { message: /"cdn-cache-control" lets shared caches keep it/ } }])
    await send('/cached/surrogate')
    t.match(errors.splice(0), [{ err: { message: /"surrogate-control" lets shared caches keep it/ } }])
  }
})

t.test('a change after reply.send() and an await is an error in the log, unless it is saved', async (t) => {
  let goOn = () => {}
  const { ask, inject, errors } = await serve(t, {}, (app) => {
    const going = (url: string, change: (session: Session) => unknown) =>
      app.get(url, async ({ session }, reply) => {
        session.user = 'ada'
        reply.send('x')
        await new Promise<void>((resolve) => (goOn = resolve))
        await change(session)
      })
    going('/set', (session) => (session.late = 1))
    going('/delete', (session) => delete session.user)
    going('/saved', (session) => {
      session.user = 'grace'
      return session.save()
    })
    going('/nothing', () => undefined)
  })
  for (const url of ['/set', '/delete', '/saved', '/nothing']) {
    for (const send of [ask, inject]) {
      await send(url)
      goOn()
    }
  }
  await waitUntil('each late change is logged', () => errors.length >= 4)
  t.match(errors, Array(4).fill({ msg: /a change of the session is lost/, err: { message: AFTER } }))
  t.equal(errors.length, 4)
})
