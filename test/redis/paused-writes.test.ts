import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { testApp } from '../support/app.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'

const PAUSE_MS = 8_000
const EACH_MS = 50
/** A generous limit, because other processes use the machine as well. */
const LONGEST_TURN_MS = 500

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

t.test('while Redis holds back writes, other requests do not wait, and afterwards sessions work again', async (t) => {
  const names = Object.keys(CLIENTS)
  const sites = await Promise.all(
    names.map(async (name) => {
      const { client, close } = await CLIENTS[name]!(server.port)
      t.teardown(close)
      const store = new RedisStore({ client, prefix: `${name}:` })
      const { app, send } = await testApp(t, { store, storeTimeout: 1 }, (app) => {
        app.get('/ping', async () => 'pong')
      })
      const { cookie } = await send(undefined, (session) => void (session.n = 0))
      const statuses = new Map<number, number>()
      return { name, app, send, cookie, statuses }
    })
  )
  await admin.call('CLIENT', 'PAUSE', PAUSE_MS, 'WRITE')
  const loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()
  const answers: Promise<unknown>[] = []
  for (let at = 0; at < PAUSE_MS; at += EACH_MS) {
    for (const { app, send, cookie, statuses } of sites) {
      const count = ({ status }: { status: number }) => statuses.set(status, (statuses.get(status) ?? 0) + 1)
      answers.push(send(cookie, (session) => void session.n++).then(count))
      answers.push(app.inject('/ping').then(({ statusCode }) => statusCode === 200 || t.fail('no pong')))
    }
    await delay(EACH_MS)
  }
  await Promise.all(answers)
  loop.disable()
  const longest = loop.max / 1e6
  t.ok(longest < LONGEST_TURN_MS, `no turn of the event loop was longer than ${longest} ms`)
  for (const { name, send, cookie, statuses } of sites) {
    t.ok(Number(statuses.get(503)) > 50, `${name}: ${JSON.stringify([...statuses])}`)
    t.same(
      [...statuses.keys()].filter((status) => ![200, 503].includes(status)),
      []
    )
    const before = (await send(cookie, (session) => session.n)).body as number
    t.equal((await send(cookie, (session) => session.update((newest) => void newest.n++))).status, 200, name)
    t.equal((await send(cookie, (session) => session.n)).body, before + 1, name)
  }
})
