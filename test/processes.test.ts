import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../lib/stores/redis.ts'
import { testApp } from './support/app.ts'
import { startRedis } from './support/redis-server.ts'
import type { Job } from './support/session-process.ts'

const PROGRAM = fileURLToPath(new URL('./support/session-process.ts', import.meta.url))
const server = await startRedis()
t.teardown(() => server.stop())

/** A session in Redis, and processes that share it. */
async function shared(t: Test) {
  const client = new Redis(server.port)
  t.teardown(() => client.disconnect())
  const { send } = await testApp(t, { store: new RedisStore({ client }) })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  return {
    start: (job: Omit<Job, 'port' | 'cookie'>) =>
      startProcess(t, { ...job, port: server.port, cookie: String(cookie) }),
    data: async () => (await send(cookie, (session) => session.data())).body as Record<string, unknown>
  }
}

function startProcess(t: Test, job: Job) {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import=ts-blank-space/register', PROGRAM, JSON.stringify(job)],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  t.teardown(() => child.kill('SIGKILL'))
  const running = { child, acknowledged: 0, ended: once(child, 'close') }
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line === 'acknowledged') running.acknowledged++
  })
  return running
}

t.test('three processes, 10 writers of different keys, 40 rounds: every write is kept', async (t) => {
  const { start, data } = await shared(t)
  const processes = [4, 3, 3].map((inFlight, index) =>
    start({ kind: 'write', name: `w${index}`, inFlight, rounds: 40 })
  )
  for (const { ended } of processes) t.same((await ended)[0], 0)
  t.equal(
    processes.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    400
  )
  t.equal(Object.keys(await data()).length, 401)
})

t.test('three processes, 2,000 increments each: 6,000', async (t) => {
  const { start, data } = await shared(t)
  const processes = ['a', 'b', 'c'].map((name) => start({ kind: 'increment', name, inFlight: 4, rounds: 500 }))
  for (const { ended } of processes) t.same((await ended)[0], 0)
  t.same(await data(), { user: 'alice', total: 6000, a: 2000, b: 2000, c: 2000 })
})

t.test('a process that is killed midway: what it acknowledged is kept, and nothing is counted twice', async (t) => {
  const { start, data } = await shared(t)
  const IN_FLIGHT = 4
  const killed = start({ kind: 'increment', name: 'killed', inFlight: IN_FLIGHT, rounds: 500 })
  const others = ['a', 'b'].map((name) => start({ kind: 'increment', name, inFlight: IN_FLIGHT, rounds: 500 }))
  while (killed.acknowledged < 400) await new Promise((resolve) => setTimeout(resolve, 10))
  killed.child.kill('SIGKILL')
  await killed.ended
  for (const { ended } of others) t.same((await ended)[0], 0)
  const counted = (await data()) as Record<string, number>
  t.match(counted, { a: 2000, b: 2000 })
  t.equal(counted.total, 4000 + (counted.killed ?? 0), 'each increment counts once')
  t.ok((counted.killed ?? 0) >= killed.acknowledged, 'all that were acknowledged')
  t.ok((counted.killed ?? 0) <= killed.acknowledged + IN_FLIGHT, 'and at most those in flight besides')
})
