import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { type Handler, testApp } from '../support/app.ts'
import { startRedis } from '../support/redis-server.ts'

const server = await startRedis()
t.teardown(() => server.stop())

/** A proxy that can lose the next answer to a script. It then runs `meanwhile`, and closes the connection afterwards. */
async function lossyProxy(t: Test, port: number) {
  const sockets = new Set<Socket>()
  let meanwhile: (() => Promise<unknown>) | undefined
  const proxy = createServer(async (client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.on('close', () => upstream.destroy())
    let swallow = false
    client.on('data', (chunk) => {
      swallow ||= meanwhile !== undefined && /\r\neval(sha)?\r\n/i.test(chunk.toString('latin1'))
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!swallow) return void client.write(chunk)
      swallow = false
      const then = meanwhile
      meanwhile = undefined
      client.pause()
      then?.().finally(() => client.destroy())
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return {
    port: (proxy.address() as AddressInfo).port,
    loseNextAnswer(then: () => Promise<unknown>) {
      meanwhile = then
    }
  }
}

/** Starts one application behind the proxy and another with a direct connection. Both use the same session. */
async function setUp(t: Test, options: { maxRetriesPerRequest?: number } = {}) {
  const proxy = await lossyProxy(t, server.port)
  const behind = new Redis(proxy.port, { retryStrategy: () => 10, ...options })
  const direct = new Redis(server.port)
  behind.on('error', () => undefined)
  t.teardown(() => {
    behind.disconnect()
    direct.disconnect()
  })
  const here = await testApp(t, { store: new RedisStore({ client: behind }) })
  const there = await testApp(t, { store: new RedisStore({ client: direct }) })
  const { cookie } = await here.send(undefined, (session) => void (session.n = 0))
  const data = async () => (await there.send(cookie, (session) => session.data())).body
  return { proxy, here: here.send, there: there.send, cookie, data }
}

const increment: Handler = (session) => session.update((newest) => void newest.n++)

t.test('when the answer to a write is lost, ioredis sends the write again, and the request succeeds', async (t) => {
  const { proxy, here, cookie, data } = await setUp(t)
  proxy.loseNextAnswer(async () => undefined)
  t.equal((await here(cookie, (session) => void (session.a = 1))).status, 200)
  proxy.loseNextAnswer(async () => undefined)
  t.equal((await here(cookie, increment)).status, 200)
  t.same(await data(), { n: 1, a: 1 }, 'the increment is counted once')
})

t.test('a write that is sent again does not overwrite a write that came in between', async (t) => {
  const { proxy, here, there, cookie, data } = await setUp(t)
  proxy.loseNextAnswer(() => there(cookie, (session) => void (session.b = 1)))
  t.equal((await here(cookie, (session) => void (session.a = 1))).status, 200)
  t.same(await data(), { n: 0, a: 1, b: 1 })
})

t.test('update() runs again on data that already have its change, if another write came in between', async (t) => {
  const { proxy, here, there, cookie, data } = await setUp(t)
  proxy.loseNextAnswer(() => there(cookie, (session) => void (session.b = 1)))
  t.equal((await here(cookie, increment)).status, 200)
  t.match(await data(), { n: 2 }, 'counted twice, which is why a client should not send a command again by itself')
})

t.test('with maxRetriesPerRequest: 0 a write is not sent again, and the answer is 503', async (t) => {
  const { proxy, here, there, cookie, data } = await setUp(t, { maxRetriesPerRequest: 0 })
  proxy.loseNextAnswer(() => there(cookie, (session) => void (session.b = 1)))
  const lost = await here(cookie, increment)
  t.equal(lost.status, 503)
  t.match(lost.body, { code: 'FST_SESSION_STORE' })
  t.match(await data(), { n: 1, b: 1 })
})
