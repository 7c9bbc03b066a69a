import t from 'tap'
import { killedProcess } from '../support/killed-process.ts'
import { startRedis } from '../support/redis-server.ts'
import { sharedSession } from '../support/session-processes.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const servers = { kind: 'single', ports: [server.port] } as const

t.test('three processes with 10 writers of different keys and 40 rounds keep every write', async (t) => {
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

t.test('2,000 increments in each of three processes add up to 6,000', async (t) => {
  const { start, data } = await sharedSession(t, servers)
  const processes = ['a', 'b', 'c'].map((name) => start({ kind: 'increment', name, inFlight: 4, rounds: 500 }))
  for (const { ended } of processes) t.same((await ended)[0], 0)
  t.same(await data(), { user: 'alice', total: 6000, a: 2000, b: 2000, c: 2000 })
})

t.test('after a process is killed, its acknowledged writes are kept and none is counted twice', (t) =>
  killedProcess(t, servers, 'ioredis', 500)
)
