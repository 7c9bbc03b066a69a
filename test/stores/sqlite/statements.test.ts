import Database from 'better-sqlite3'
import t from 'tap'
import { sqliteSchema } from '../../../lib/stores/sqlite/schema.ts'
import { sqliteStatements } from '../../../lib/stores/sqlite/statements.ts'

t.test('SQLite finds the rows of each statement with an index', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  database.exec(sqliteSchema('sessions').join(';\n'))
  for (const [name, text] of Object.entries(sqliteStatements('sessions'))) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...Array.from(text.matchAll(/\?/g), () => 1))
    t.notMatch(JSON.stringify(plan), /SCAN/, name)
  }
})
