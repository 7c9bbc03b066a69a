import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { startRedis } from '../support/redis-server.ts'
import { WebSocket } from '../support/websocket.ts'

const server = await startRedis()
t.teardown(() => server.stop())

function redisStore(t: Test, withSubscriber = true): SessionStore {
  const client = new Redis(server.port)
  const subscriber = client.duplicate()
  t.teardown(() => {
    client.disconnect()
    subscriber.disconnect()
  })
  return new RedisStore({ client, ...(withSubscriber && { subscriber }) })
}

const login: Handler = (session) => {
  session.bindTo('ada')
  return session.handle
}

/** A handler that holds its response open until the session ends, and then says why. */
const untilEnded: Handler = async (session) => {
  const { ended } = session
  if (!ended.aborted) await once(ended, 'abort')
  return { reason: ended.reason }
}

async function start(t: Test, options: StarsessionsOptions) {
  const test = await testApp(t, options)
  /** Begins a request that waits for the end of its session. */
  const wait = async (cookie: string | undefined) => {
    const answer = test.send(cookie, untilEnded)
    await sleep(30)
    return answer.then(({ body }) => (body as { reason: string }).reason)
  }
  return { ...test, wait }
}

for (const name of ['memory', 'Redis']) {
  t.test(`a signal aborts when its session ends in the same process, with the reason (${name})`, async (t) => {
    const store = name === 'memory' ? new InMemoryStore() : redisStore(t)
    const { app, send, wait } = await start(t, { store, perUser: { max: 2 } })
    const begin = async () => {
      const { cookie, body } = await send(undefined, login)
      return { cookie, handle: String(body), reason: wait(cookie) }
    }
    const out = await begin()
    await sleep(60)
    await send(out.cookie, (session) => session.destroy())
    t.equal(await out.reason, 'logout')
    const cleared = await begin()
    await sleep(60)
    await send(cleared.cookie, (session) => session.clear())
    t.equal(await cleared.reason, 'logout')
    const ended = await begin()
    await sleep(60)
    await app.sessionsOf('ada').end(ended.handle)
    t.equal(await ended.reason, 'ended')
    const evicted = await begin()
    await sleep(60)
    await send(undefined, login)
    await send(undefined, login)
    t.equal(await evicted.reason, 'evicted')
  })
}

t.test('over Redis with a subscriber, a signal aborts at once when another process ends the session', async (t) => {
  const one = await start(t, { store: redisStore(t) })
  const other = await start(t, { store: redisStore(t, false) })
  const { cookie } = await one.send(undefined, login)
  const reason = one.wait(cookie)
  await sleep(100)
  const began = performance.now()
  await other.app.sessionsOf('ada').endAll()
  t.equal(await reason, 'ended')
  t.ok(performance.now() - began < 1_000)
})

t.test('a signal of an anonymous session aborts with a logout in the same process', async (t) => {
  const { send, wait } = await start(t, { store: new MapStore() })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const reason = wait(cookie)
  await sleep(60)
  await send(cookie, (session) => session.destroy())
  t.equal(await reason, 'logout')
})

t.test('a session has one signal, and a new one after a logout', async (t) => {
  const { send } = await start(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, login)
  await send(cookie, async (session) => {
    const { ended } = session
    t.equal(session.ended, ended)
    t.equal(ended.aborted, false)
    await session.destroy()
    t.same([ended.aborted, ended.reason], [true, 'logout'])
    t.not(session.ended, ended)
    t.equal(session.ended.aborted, false)
  })
})

t.test('a WebSocket and an event stream close when their session ends', async (t) => {
  const site = Fastify()
  t.teardown(() => site.close())
  await site.register(websocket)
  await site.register(starsessions, { store: new InMemoryStore(), cookie: { secure: false } })
  site.get('/login', async (request) => {
    const session = await request.loadSession()
    session.bindTo('ada')
    return {}
  })
  site.get('/socket', { websocket: true, config: { autoloadSession: true } }, (socket, request) => {
    const { ended } = request.session
    ended.addEventListener('abort', () => socket.close(4001, String(ended.reason)))
    socket.send('open')
  })
  site.get('/events', { config: { autoloadSession: true } }, (request, reply) => {
    const { ended } = request.session
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.write('data: open\n\n')
    ended.addEventListener('abort', () => reply.raw.end(`data: ${ended.reason}\n\n`))
  })
  await site.listen({ port: 0, host: '127.0.0.1' })
  const { port } = site.server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/login`)
  const own = String(response.headers.get('set-cookie')).split(';')[0] ?? ''
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { headers: { cookie: own } })
  await once(socket, 'message')
  const events = await fetch(`http://127.0.0.1:${port}/events`, { headers: { cookie: own } })
  const closed = once(socket, 'close')
  t.equal(await site.sessionsOf('ada').endAll(), 1)
  const [code, reason] = await closed
  t.same([code, String(reason)], [4001, 'ended'])
  t.equal(await events.text(), 'data: open\n\ndata: ended\n\n')
})
