import t from 'tap'
import { killedProcessIn } from '../support/killed-process.ts'
import { sessionIn } from '../support/session-processes.ts'
import { SQLITE_LIBRARIES } from '../support/sqlite-databases.ts'

for (const library of Object.keys(SQLITE_LIBRARIES)) {
  t.test(`${library}: four processes that share a file lose nothing`, async (t) => {
    const { start, data } = await sessionIn(t, { kind: 'sqlite', folder: t.testdir(), library })
    const processes = ['a', 'b', 'c'].map((name) => start({ kind: 'increment', name, inFlight: 4, rounds: 50 }))
    processes.push(start({ kind: 'write', name: 'w', inFlight: 5, rounds: 10 }))
    for (const { ended } of processes) t.same((await ended)[0], 0)
    const { user, total, a, b, c, ...written } = await data()
    t.same({ user, total, a, b, c }, { user: 'alice', total: 600, a: 200, b: 200, c: 200 })
    t.equal(Object.keys(written).length, 50)
  })
}

t.test('after a process is killed, its acknowledged writes are kept and none is counted twice', (t) =>
  killedProcessIn(t, { kind: 'sqlite', folder: t.testdir(), library: 'better-sqlite3' }, 100)
)
