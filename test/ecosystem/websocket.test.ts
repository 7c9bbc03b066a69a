import { once } from 'node:events'
import websocket from '@fastify/websocket'
import Fastify, { type onRequestAsyncHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import type { SessionStore } from '../../types/store.ts'
import { Visitor } from '../support/visitor.ts'
import { WebSocket } from '../support/websocket.ts'

async function application(t: Test, store: SessionStore = new InMemoryStore()) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store, autoload: true })
  await app.register(websocket)
  app.get('/', async ({ session }) => session.data())
  app.post('/login', async ({ session }) => {
    session.user = 'ada'
    return {}
  })
  app.put<{ Body: object }>('/data', async ({ session, body }) => Object.assign(session, body))
  app.post('/logout', async ({ session }) => session.destroy())
  app.get('/live', { websocket: true }, (socket, { session }) => {
    // Add the listener at once. Messages that arrive earlier would be lost.
    socket.on('message', async (message: Buffer) => {
      try {
        const text = String(message)
        if (text === 'reload') await session.reload()
        else if (text.startsWith('save ')) {
          session.draft = text.slice('save '.length)
          await session.save()
        } else if (text === 'count') await session.update((newest) => Object.assign(newest, { n: (newest.n ?? 0) + 1 }))
        socket.send(JSON.stringify(session.data()))
      } catch (error) {
        socket.send(JSON.stringify({ code: (error as { code: string }).code, message: (error as Error).message }))
      }
    })
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })

  /** Opens a socket. The result is a function that sends one message and waits for the answer. */
  const connect = async (cookie: string) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/live`, { headers: { cookie } })
    t.teardown(() => socket.terminate())
    await once(socket, 'open')
    return async (message: string) => {
      socket.send(message)
      const [data] = await once(socket, 'message')
      return JSON.parse(String(data))
    }
  }
  return { app, connect }
}

t.test('in a socket handler, save() stores the session and reload() reads changes of other requests', async (t) => {
  const { app, connect } = await application(t)
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  const ask = await connect(visitor.jar.header())
  t.same(await ask('show'), { user: 'ada' })

  t.same(await ask('save one'), { user: 'ada', draft: 'one' })
  t.same((await visitor.send('GET /')).json(), { user: 'ada', draft: 'one' })

  await visitor.send('PUT /data', { payload: { theme: 'dark' } })
  t.same(await ask('show'), { user: 'ada', draft: 'one' }, 'the socket still has the earlier data')
  t.same(await ask('save two'), { user: 'ada', draft: 'two', theme: 'dark' }, 'save() merges changes of other requests')
  await visitor.send('PUT /data', { payload: { theme: 'light' } })
  t.same(await ask('reload'), { user: 'ada', draft: 'two', theme: 'light' })
  await Promise.all([visitor.send('PUT /data', { payload: { n: 1 } }), ask('show')])
  t.equal((await ask('count')).n, 2)
})

t.test('with the program of the docs, 50 messages at once are all stored', async (t) => {
  const store = new InMemoryStore()
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store, autoload: true })
  await app.register(websocket)
  app.post('/login', async ({ session }) => Object.assign(session, { user: 'ada', drafts: [] }))
  app.get('/drafts', async ({ session }) => session.drafts)
  app.get('/live', { websocket: true }, (socket, { session }) => {
    socket.on('message', async (text: Buffer) => {
      try {
        await session.update(async (newest) => {
          await new Promise((resolve) => setImmediate(resolve))
          newest.drafts.push(String(text))
        })
        socket.send('stored')
      } catch {
        socket.close(1011)
      }
    })
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/live`, { headers: { cookie: visitor.jar.header() } })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  const texts = Array.from({ length: 50 }, (_, index) => `draft ${index}`)
  let stored = 0
  const all = new Promise<void>((resolve) => {
    socket.on('message', () => ++stored === texts.length && resolve())
    socket.on('close', () => resolve())
  })
  for (const text of texts) socket.send(text)
  await all
  t.equal(stored, 50)
  t.same((await visitor.send('GET /drafts')).json(), texts, 'the messages are in order')
})

t.test('after a logout in another request, save() rejects and reload() gives an empty session', async (t) => {
  const { app, connect } = await application(t)
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  const ask = await connect(visitor.jar.header())
  await visitor.send('POST /logout')
  t.match(await ask('save late'), { code: 'FST_SESSION_GONE' })
  t.same(await ask('reload'), {})
})

t.test('in a socket without a cookie, save() rejects with the reason and stores nothing', async (t) => {
  const store = new InMemoryStore()
  const { connect } = await application(t, store)
  const ask = await connect('')
  t.same(await ask('show'), {})
  t.match(await ask('save one'), { code: /^FST_SESSION_/, message: /headers/ })
  t.equal(store.size, 0)
})

t.test('in a socket with a cookie store, save() rejects with the reason', async (t) => {
  const { app, connect } = await application(t, new CookieStore({ secretKey: 's'.repeat(32) }))
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  const ask = await connect(visitor.jar.header())
  t.same(await ask('show'), { user: 'ada' })
  t.match(await ask('save one'), { code: /^FST_SESSION_/, message: /headers/ })
})

t.test('an upgrade that a hook refuses gets an HTTP response', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(websocket)
  const onRequest: onRequestAsyncHookHandler = async ({ session }, reply) =>
    session.user === undefined ? reply.code(401).send() : undefined
  app.get('/live', { websocket: true, onRequest }, (socket) => socket.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(app.injectWS('/live'), { message: 'Unexpected server response: 401' })
})
