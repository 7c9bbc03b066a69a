import Fastify from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import starsessions, { RedisStore } from '../../lib/index.ts'
import { calls } from '../support/redis-calls.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'
import { simulateTime } from '../support/simulated-time.ts'

/** If this many requests committed one after the other, the last ones would wait longer than a request may wait. */
const REQUESTS = 5_000

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

for (const name of ['ioredis', 'node-redis']) {
  t.test(`${name}: ${REQUESTS} simultaneous requests of one session take two commands each`, async (t) => {
    const { client, close } = await CLIENTS[name]!(server.port)
    t.teardown(close)
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(starsessions, { store: new RedisStore({ client }) })
    app.get('/', async (request) => (await request.loadSession()).data())
    app.get('/:index', async (request) => {
      const { index } = request.params as { index: string }
      const session = await request.loadSession()
      session.last = index
      return 'ok'
    })
    const { headers } = await app.inject('/first')
    const cookie = String(headers['set-cookie']).split(';')[0]!
    await admin.config('RESETSTAT')
    // Time stands still, because on a busy machine a task may lose its patience and compete with the others.
    simulateTime(t)
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, index) => app.inject({ url: `/${index}`, headers: { cookie } }))
    )
    t.same(
      answers.filter(({ statusCode }) => statusCode !== 200),
      [],
      'no request is refused'
    )
    const { get = 0, getex = 0, evalsha = 0, eval: whole = 0 } = await calls(admin)
    const commits = evalsha + whole
    t.equal(get + getex - commits, REQUESTS, 'one read for each request, besides the reads within a commit')
    t.ok(commits < 1.1 * REQUESTS, `${commits} commits`)
    const { body } = await app.inject({ url: '/', headers: { cookie } })
    t.match(JSON.parse(body), { last: /^\d+$/ })
  })
}
