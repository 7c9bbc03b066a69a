import Fastify, { type FastifyInstance } from 'fastify'
import starsessions, { RedisStore, type SessionStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'
import { startRedis } from '../support/redis-server.ts'
import { Progress } from './report/progress.ts'

// Compares the latency of compare and swap with a plain GET and SET, alone and under contention. In milliseconds.
//
//   npm run contention --workspace=test/benchmarks

const ROUNDS = 15
const ALONE = 300
const WRITERS = 10

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

const server = await startRedis()
const client = new Redis(server.port)

/** The same store without `replace`, so that it cannot compare before it writes. */
function blind(): SessionStore {
  const store = new RedisStore({ client })
  return {
    read: (...args) => store.read(...args),
    write: (...args) => store.write(...args),
    remove: (id) => store.remove(id)
  }
}

async function application(store: SessionStore): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(starsessions, { store })
  app.get('/:key', async (request) => {
    const session = await request.loadSession()
    if (request.headers['x-pause']) await new Promise((resolve) => setTimeout(resolve, 5))
    session.set((request.params as { key: string }).key, Math.random())
    return 'ok'
  })
  return app
}

async function cookieFor(app: FastifyInstance): Promise<string> {
  const response = await app.inject('/first')
  return String(response.headers['set-cookie']).split(';', 1)[0] ?? ''
}

async function timed(app: FastifyInstance, url: string, headers: Record<string, string>): Promise<number> {
  const began = performance.now()
  const { statusCode } = await app.inject({ url, headers })
  if (statusCode !== 200) throw new Error(`status ${statusCode}`)
  return performance.now() - began
}

async function alone(app: FastifyInstance): Promise<number> {
  const cookie = await cookieFor(app)
  const times: number[] = []
  for (let i = 0; i < ALONE; i++) times.push(await timed(app, '/key', { cookie }))
  return median(times)
}

/** @param apps one for each writer; the same one several times if the writers share a process */
async function contended(apps: FastifyInstance[]): Promise<{ time: number; kept: number }> {
  const cookie = await cookieFor(apps[0]!)
  const headers = { cookie, 'x-pause': '1' }
  const times = await Promise.all(apps.map((app, index) => timed(app, `/key${index}`, headers)))
  const body = await client.get((await client.keys('*')).at(-1) ?? '')
  await client.flushall()
  return { time: median(times), kept: (body ?? '').split('"key').length - 1 }
}

const one = await application(new RedisStore({ client }))
const separate = await Promise.all(Array.from({ length: WRITERS }, () => application(new RedisStore({ client }))))
const blindOne = await application(blind())
const many = (app: FastifyInstance) => Array.from({ length: WRITERS }, () => app)

const results = {
  alone: [] as number[],
  blindAlone: [] as number[],
  queue: [] as number[],
  apart: [] as number[],
  blind: [] as number[]
}
const kept = { queue: 0, apart: 0, blind: 0 }
const part = { name: 'latency', seconds: 20 }
const progress = new Progress([part])
const tell = progress.begin(part)
for (let round = -2; round < ROUNDS; round++) {
  tell(round < 0 ? 'warm-up' : `round ${round + 1} of ${ROUNDS}`)
  const times = { alone: await alone(one), blindAlone: await alone(blindOne) }
  await client.flushall()
  const parts = {
    queue: await contended(many(one)),
    apart: await contended(separate),
    blind: await contended(many(blindOne))
  }
  if (round < 0) continue
  results.alone.push(times.alone)
  results.blindAlone.push(times.blindAlone)
  for (const name of ['queue', 'apart', 'blind'] as const) {
    results[name].push(parts[name].time)
    kept[name] += parts[name].kept
  }
}

progress.clear()

const row = (what: string, ours: number[], theirs: number[], note = ''): string =>
  `${what.padEnd(58)} ${median(ours).toFixed(3)}  blind ${median(theirs).toFixed(3)}  ratio ${(median(ours) / median(theirs)).toFixed(2)}  ${note}`
const all = ROUNDS * WRITERS
console.log(row('read and write, alone', results.alone, results.blindAlone))
console.log(
  row(
    '10 writers at once, 5 ms each, one process',
    results.queue,
    results.blind,
    `kept ${kept.queue} of ${all}, blind ${kept.blind}`
  )
)
console.log(
  row(
    '10 writers at once, 5 ms each, no queue between them',
    results.apart,
    results.blind,
    `kept ${kept.apart} of ${all}`
  )
)

await Promise.all([one, blindOne, ...separate].map((app) => app.close()))
client.disconnect()
await server.stop()
