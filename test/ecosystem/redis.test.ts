import { once } from 'node:events'
import { request } from 'node:http'
import fastifyRedis from '@fastify/redis'
import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import starsessions, { type RedisClient, RedisStore } from '../../lib/index.ts'
import { othersHaveGone } from '../support/redis-connections.ts'
import { startRedis } from '../support/redis-server.ts'
import { newSignal } from '../support/signal.ts'
import { Visitor } from '../support/visitor.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const url = `redis://127.0.0.1:${server.port}`
const observer = new Redis(url)
t.teardown(() => observer.quit())
t.beforeEach(() => observer.flushall())

/** Ways to make a client that is closed together with the application. */
const connections: Record<string, (app: FastifyInstance) => Promise<RedisClient>> = {
  async '@fastify/redis'(app) {
    await app.register(fastifyRedis, { url })
    return app.redis
  },
  async '@fastify/redis with a namespace'(app) {
    await app.register(fastifyRedis, { url, namespace: 'sessions' })
    return app.redis.sessions as Redis
  },
  async '@fastify/redis with a client of the application and closeClient'(app) {
    await app.register(fastifyRedis, { client: new Redis(url), closeClient: true })
    return app.redis
  },
  async 'a client of the application and an onClose hook'(app) {
    const client = new Redis(url)
    app.addHook('onClose', () => client.quit())
    return client
  }
}

async function application(t: Test, connect: (app: FastifyInstance) => Promise<RedisClient>) {
  const problems: unknown[] = []
  const app = Fastify({
    logger: { level: 'error', stream: { write: (line: string) => void problems.push(JSON.parse(line)) } }
  })
  t.teardown(() => app.close())
  const store = new RedisStore({ client: await connect(app), prefix: 'shop:' })
  await app.register(starsessions, { store, autoload: true, lifetime: { days: 1 } })
  app.get('/', async ({ session }) => session.data())
  app.post('/login', async ({ session }) => {
    await session.regenerateId()
    session.user = 'ada'
    return {}
  })
  app.post('/logout', async ({ session }) => session.destroy())
  const arrived = newSignal()
  const late = newSignal()
  app.post('/late', async ({ session }) => {
    arrived.give()
    await late.given
    session.late = true
    return {}
  })
  return { app, problems, arrived, proceed: late.give }
}

for (const [name, connect] of Object.entries(connections)) {
  t.test(`sessions work, and the client is closed last, with ${name}`, async (t) => {
    const { app, problems, arrived, proceed } = await application(t, connect)
    const visitor = new Visitor(app)
    await visitor.send('POST /login')
    t.same((await visitor.send('GET /')).json(), { user: 'ada' })
    t.equal((await observer.keys('shop:*')).length, 1)
    await visitor.send('POST /logout')
    t.same(await observer.keys('*'), [])

    // This request is still running when the application closes.
    await visitor.send('POST /login')
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    // Without keep-alive, because closing would wait for an open connection.
    const headers = { cookie: visitor.jar.header(), connection: 'close' }
    const late = once(request(`${origin}/late`, { method: 'POST', agent: false, headers }).end(), 'response')
    await arrived.given
    const closing = app.close()
    proceed()
    t.equal((await late)[0].statusCode, 200)
    await closing
    t.match((await observer.mget(await observer.keys('shop:*'))).join(), /"late":true/, 'the late change was stored')
    t.same(problems, [])
    t.ok(await othersHaveGone(observer), 'the client is closed')
  })
}

t.test('an onClose hook that is added after @fastify/redis can still use the client', async (t) => {
  const { app, problems } = await application(t, connections['@fastify/redis']!)
  let left: string | null = null
  app.addHook('onClose', async ({ redis }) => {
    left = await redis.get((await redis.keys('shop:*'))[0] ?? '')
  })
  await new Visitor(app).send('POST /login')
  await app.close()
  t.match(left, /"user":"ada"/)
  t.same(problems, [])
})
