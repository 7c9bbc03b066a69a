import t from 'tap'
import { startRedis } from './support/redis-server.ts'
import { sharedSession } from './support/session-processes.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const servers = { kind: 'single', ports: [server.port] } as const

t.test('three processes, 10 writers of different keys, 40 rounds: every write is kept', async (t) => {
  const { start, data } = await sharedSession(t, servers)
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
  const { start, data } = await sharedSession(t, servers)
  const processes = ['a', 'b', 'c'].map((name) => start({ kind: 'increment', name, inFlight: 4, rounds: 500 }))
  for (const { ended } of processes) t.same((await ended)[0], 0)
  t.same(await data(), { user: 'alice', total: 6000, a: 2000, b: 2000, c: 2000 })
})

t.test('a process that is killed midway: what it acknowledged is kept, and nothing is counted twice', async (t) => {
  const { start, data } = await sharedSession(t, servers)
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
