import t from 'tap'
import { killedProcessIn } from '../support/killed-process.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { sessionIn } from '../support/session-processes.ts'

const server = await startPostgres()
t.teardown(() => server.stop())

for (const library of ['a pool of pg', 'postgres.js']) {
  const place = { kind: 'postgres', connection: server.connection, library } as const

  t.test(`${library}: 600 increments and 50 writes from four processes are all kept`, async (t) => {
    const { start, data } = await sessionIn(t, place)
    const processes = ['a', 'b', 'c'].map((name) => start({ kind: 'increment', name, inFlight: 4, rounds: 50 }))
    processes.push(start({ kind: 'write', name: 'w', inFlight: 5, rounds: 10 }))
    for (const { ended } of processes) t.same((await ended)[0], 0)
    const { user, total, a, b, c, ...written } = await data()
    t.same({ user, total, a, b, c }, { user: 'alice', total: 600, a: 200, b: 200, c: 200 })
    t.equal(Object.keys(written).length, 50)
  })

  t.test(`${library}: after a process is killed, its acknowledged writes are kept and none is counted twice`, (t) =>
    killedProcessIn(t, place, 100)
  )
}
