import Fastify from 'fastify'
import starsessions, { InMemoryStore } from 'fastify-starsessions'
import type { Section } from '../report/table.ts'
import { Counter } from '../scenarios/counting.ts'
import { ask } from '../scenarios/in-process.ts'
import { dataOfSize } from '../scenarios/session-data.ts'

/** How many requests of one session are in flight at once. */
const IN_FLIGHT = [10, 100, 1_000, 10_000] as const

interface Outcome {
  readonly requests: number
  /** In microseconds of CPU time for each request. */
  readonly cost: number
  /** Milliseconds until the last request was answered. */
  readonly last: number
  /** Store calls for each request. */
  readonly calls: number
}

async function application(store: InMemoryStore) {
  const app = Fastify()
  await app.register(starsessions, { lifetime: { days: 1 }, store })
  app.get('/', async (request) => {
    Object.assign(await request.loadSession(), dataOfSize(200)())
    return 'ok'
  })
  app.get('/change', async (request) => {
    const session = await request.loadSession()
    session.set('visits', Math.random())
    return 'ok'
  })
  return app
}

async function measure(requests: number): Promise<Outcome> {
  const counter = new Counter()
  const app = await application(counter.counted(new InMemoryStore()))
  const { headers } = await app.inject('/')
  const cookie = String(headers['set-cookie']).split(';')[0]!
  counter.take()
  const began = performance.now()
  const before = process.cpuUsage()
  const send = () =>
    new Promise<void>((resolve, reject) => {
      ask(app.routing, '/change', { cookie }, ({ statusCode, body }) => {
        if (statusCode === 200) resolve()
        else reject(new Error(`one session, ${requests} requests: ${statusCode} ${body}`))
      })
    })
  await Promise.all(Array.from({ length: requests }, send))
  const { user, system } = process.cpuUsage(before)
  const { reads, changes } = counter.take()
  await app.close()
  return {
    requests,
    cost: (user + system) / requests,
    last: performance.now() - began,
    calls: (reads + changes) / requests
  }
}

export async function measureOneSession(): Promise<Section> {
  for (let warm = 0; warm < 20; warm++) await measure(100)
  const outcomes = []
  for (const requests of IN_FLIGHT) outcomes.push(await measure(requests))
  return {
    title: 'Many requests of one session at once',
    note: 'All of them change the session, in one process; InMemoryStore. What a request costs must not grow with their number.',
    rows: [
      ['requests in flight', 'µs of CPU time a request', 'store calls a request', 'the last is answered after, ms'],
      ...outcomes.map(({ requests, cost, calls, last }) => [
        requests.toLocaleString('en'),
        cost.toFixed(0),
        calls.toFixed(2),
        last.toFixed(0)
      ])
    ]
  }
}
