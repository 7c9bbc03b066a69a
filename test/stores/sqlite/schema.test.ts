import Database from 'better-sqlite3'
import t from 'tap'
import { sqliteSchema } from '../../../lib/stores/sqlite/schema.ts'

t.test('the schema is one strict table and two indexes, which are made only if they are missing', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  for (let round = 0; round < 2; round++) database.exec(sqliteSchema('my "sessions"').join(';\n'))
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all()
  t.same(names, [{ name: 'my "sessions"' }, { name: 'my "sessions"_expires_at' }, { name: 'my "sessions"_principal' }])
  t.throws(() => database.exec(`INSERT INTO "my ""sessions""" VALUES (x'', x'', 'text', NULL, NULL, NULL, NULL, NULL)`))
})
