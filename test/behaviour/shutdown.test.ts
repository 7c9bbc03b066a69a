import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { testApp } from '../support/app.ts'
import { HeldStore } from '../support/held-store.ts'
import { MapStore } from '../support/map-store.ts'
import { startRedis } from '../support/redis-server.ts'
import { newSignal } from '../support/signal.ts'
import { simulateTime } from '../support/simulated-time.ts'
import { waitUntil } from '../support/wait-until.ts'

const server = await startRedis()
t.teardown(() => server.stop())

const never = () => new Promise<never>(() => undefined)

/** Resolves when the store holds a call. */
async function untilHeld(held: HeldStore): Promise<void> {
  while (held.holding === 0) await turn()
}

t.test('closing waits for a running commit although the connection of its request is gone', async (t) => {
  const held = new HeldStore(new InMemoryStore())
  const order: string[] = []
  const { app } = await testApp(t, { store: held.store }, (app) => {
    app.get('/slow', async (request) => {
      ;(await request.loadSession()).a = 1
      held.holdNext('write')
      return 'x'
    })
  })
  app.addHook('onClose', async () => void order.push('the application closes its client'))
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(address.port), '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await untilHeld(held)
  socket.destroy()
  await once(socket, 'close')
  const closed = app.close()
  await turn()
  order.push('the store answers')
  await held.release()
  await closed
  t.same(order, ['the store answers', 'the application closes its client'])
})

t.test('closing waits for a commit that began during closing, although its connection is gone', async (t) => {
  const client = new Redis(server.port)
  const reader = new Redis(server.port)
  t.teardown(() => {
    client.disconnect()
    reader.disconnect()
  })
  await client.ping()
  const held = new HeldStore(new RedisStore({ client, prefix: 'late:' }))
  const handler = newSignal()
  const proceed = newSignal()
  const { app, problems } = await testApp(t, { store: held.store }, (app) => {
    app.addHook('onClose', () => client.quit())
    app.get('/slow', async (request) => {
      ;(await request.loadSession()).a = 1
      held.holdNext('write')
      handler.give()
      await proceed.given
      return 'x'
    })
  })
  const beforeClosing = newSignal()
  app.addHook('preClose', async () => beforeClosing.give())
  const whileClosing = newSignal()
  // Fastify runs the hook that was added last first.
  app.addHook('onClose', async () => whileClosing.give())
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(address.port), '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await handler.given
  const closed = app.close()
  await beforeClosing.given
  proceed.give()
  await untilHeld(held)
  socket.destroy()
  await whileClosing.given
  // A plugin that does not wait would have let the client close by now.
  for (let turns = 0; turns < 100; turns++) await turn()
  t.equal(client.status, 'ready')
  await held.release()
  await closed
  t.equal((await reader.keys('late:*')).length, 1)
  t.same(problems(), [])
})

t.test('responses on open connections are finished before the onClose hooks of the application run', async (t) => {
  const client = new Redis(server.port)
  const store = new RedisStore({ client })
  let proceed: (() => void) | undefined
  const { app } = await testApp(t, { store }, (app) => {
    app.get('/slow', async (request) => {
      const session = await request.loadSession()
      await new Promise<void>((resolve) => {
        proceed = resolve
      })
      session.user = 'ada'
      return { id: session.id }
    })
  })
  app.addHook('onClose', () => client.quit())
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const answer = fetch(`${address}/slow`, { headers: { connection: 'close' } })
  while (proceed === undefined) await turn()
  const closed = app.close()
  await turn()
  proceed()
  const { status } = await answer
  t.equal(status, 200)
  await closed
  const reader = new Redis(server.port)
  t.teardown(() => reader.disconnect())
  t.equal((await reader.keys('starsessions.*')).length, 1)
})

const HANGING: Record<string, StarsessionsOptions> = {
  'a store': { store: Object.assign(new MapStore(), { write: never }) },
  'an encryptor': { encryptor: { encrypt: never, decrypt: never } },
  'a function of update()': {}
}

for (const [what, options] of Object.entries(HANGING)) {
  t.test(`closing does not wait for ever for ${what} that hangs`, async (t) => {
    const time = simulateTime(t)
    const { app, problems, send } = await testApp(t, { storeTimeout: 2, ...options })
    const answer = send(undefined, async (session) => {
      session.n = 1
      if (what === 'a function of update()') await session.update(never)
    })
    for (let turns = 0; turns < 10; turns++) await turn()
    const closed = app.close()
    await time.advance(4)
    await closed
    t.equal((await answer).status, 503)
    t.notMatch(JSON.stringify(problems()), /closing has waited/, 'the request was answered before closing gave up')
  })
}

t.test('closing gives up waiting after storeTimeout and a second, and logs how many operations are left', async (t) => {
  const time = simulateTime(t)
  const store = new MapStore()
  const slowly = async (id: string) => {
    await new Promise((resolve) => setTimeout(resolve, 1_900))
    return id
  }
  const { app, problems, send } = await testApp(t, { storeTimeout: 2, store })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  store.write = slowly
  const rotations = [1, 2].map(() =>
    send(cookie, async (session) => {
      await session.regenerateId()
      session.n = 2
    })
  )
  for (let turns = 0; turns < 10; turns++) await turn()
  let isClosed = false
  void app.close().then(() => {
    isClosed = true
  })
  await time.advance(2.9)
  t.equal(isClosed, false)
  await time.advance(0.2)
  t.equal(isClosed, true)
  t.match(problems(), [
    { msg: /^closing has waited for 3 s and waits no longer\. Session operations still running: 1\. / }
  ])
  await time.advance(10)
  await Promise.all(rotations)
})

t.test('the plugin does not close the client of the application', async (t) => {
  const client = new Redis(server.port)
  t.teardown(() => client.disconnect())
  const { app, send } = await testApp(t, { store: new RedisStore({ client }) })
  await send(undefined, (session) => void (session.a = 1))
  await app.close()
  t.equal(await client.ping(), 'PONG')
})

t.test('if the client was closed too early, requests get a 503 at once, and the log says why', async (t) => {
  const ioredis = new Redis(server.port)
  const nodeRedis = createClient({ socket: { port: server.port, host: '127.0.0.1' } })
  await nodeRedis.connect()
  const clients = [
    { client: ioredis, close: () => ioredis.quit() },
    { client: nodeRedis, close: () => nodeRedis.close() }
  ]
  for (const { client, close } of clients) {
    const { send, problems } = await testApp(t, { store: new RedisStore({ client }), storeTimeout: { minutes: 10 } })
    const { cookie } = await send(undefined, (session) => void (session.a = 1))
    await close()
    const { status, headers, body } = await send(cookie, () => t.fail('no session can be loaded'))
    t.equal(status, 503)
    t.equal(headers['retry-after'], '5')
    t.match(body, { code: 'FST_SESSION_STORE', message: 'The session store is unavailable' })
    t.match(JSON.stringify(problems()), /the Redis client (has ended|is not open): it was closed before the server was/)
  }
})

t.test('with the documented onClose hook, closing does not wait for a Redis that hangs', async (t) => {
  const hanging = await startRedis()
  t.teardown(() => hanging.stop())
  const ioredis = new Redis(hanging.port, { maxRetriesPerRequest: 0 })
  const nodeRedis = createClient({ socket: { port: hanging.port, host: '127.0.0.1' }, disableOfflineQueue: true })
  for (const client of [ioredis, nodeRedis]) client.on('error', () => undefined)
  await nodeRedis.connect()
  const close = { ioredis: () => ioredis.disconnect(), 'node-redis': () => nodeRedis.destroy() }
  const clients = { ioredis, 'node-redis': nodeRedis }
  const apps = []
  for (const name of ['ioredis', 'node-redis'] as const) {
    const { app } = await testApp(t, { store: new RedisStore({ client: clients[name] }), storeTimeout: 1 }, (app) => {
      app.addHook('onClose', async () => close[name]())
      app.get('/visits', async (request) => {
        const session = await request.loadSession()
        session.visits = (session.visits ?? 0) + 1
        return 'counted'
      })
    })
    t.equal((await app.inject('/visits')).statusCode, 200, name)
    apps.push(app)
  }
  hanging.pause()
  t.teardown(() => hanging.resume())
  for (const app of apps) {
    t.equal((await app.inject('/visits')).statusCode, 503)
    await app.close()
  }
  t.equal(nodeRedis.isOpen, false)
  await waitUntil('the end of the connection', () => ioredis.status === 'end')
})
