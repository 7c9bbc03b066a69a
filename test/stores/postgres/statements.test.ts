import t from 'tap'
import { postgresStatements } from '../../../lib/stores/postgres/statements.ts'

t.test('each statement has a name of its own, of at most 63 bytes', async (t) => {
  for (const place of [{ table: 'starsessions' }, { table: 'x'.repeat(50), schema: 'y'.repeat(50) }]) {
    const names = Object.values(postgresStatements(place)).map(({ name }) => name)
    t.equal(new Set(names).size, names.length)
    for (const name of names) t.ok(Buffer.byteLength(name) <= 63, name)
  }
  t.equal(postgresStatements({ table: 'a', schema: 'b' }).read.name, 'starsessions.b.a.read')
})

t.test('two tables with long names have statements with other names', async (t) => {
  const [one, other] = ['1', '2'].map((end) =>
    postgresStatements({ table: 'x'.repeat(49) + end, schema: 'y'.repeat(20) })
  )
  t.not(one?.read.name, other?.read.name)
})
