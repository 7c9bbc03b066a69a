import t from 'tap'
import { postgresUserStatements } from '../../../lib/stores/postgres/user-statements.ts'

t.test('each statement has a name of its own, after the table and the operation', async (t) => {
  const statements = postgresUserStatements({ table: 'mine' })
  for (const [operation, { name, text }] of Object.entries(statements)) {
    t.equal(name, `starsessions.mine.${operation}`)
    t.match(text, '"mine"')
  }
})
