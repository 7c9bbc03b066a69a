import { readFileSync } from 'node:fs'
import t from 'tap'
import { postgresSchema, quotedTable } from '../../../lib/stores/postgres/schema.ts'

t.test('the schema is one table and two indexes, which are made only if they are missing', async (t) => {
  const [table, ...indexes] = postgresSchema({ table: 'starsessions' })
  t.match(table, /^CREATE TABLE IF NOT EXISTS "starsessions" \(\n {2}id bytea PRIMARY KEY,/)
  t.same(indexes, [
    'CREATE INDEX IF NOT EXISTS "starsessions_expires_at" ON "starsessions" (expires_at)',
    'CREATE INDEX IF NOT EXISTS "starsessions_principal" ON "starsessions" (principal) WHERE principal IS NOT NULL'
  ])
})

t.test('an unlogged table is said so, and a schema stands before the name', async (t) => {
  const [table] = postgresSchema({ table: 'a"b', schema: 'app' }, { unlogged: true })
  t.match(table, 'CREATE UNLOGGED TABLE IF NOT EXISTS "app"."a""b" (')
  t.equal(quotedTable({ table: 'a"b', schema: 'app' }), '"app"."a""b"')
})

t.test('docs/stores/postgres.md shows the schema', async (t) => {
  const page = readFileSync(new URL('../../../docs/stores/postgres.md', import.meta.url), 'utf8')
  t.ok(page.includes(`\n${postgresSchema({ table: 'starsessions' }).join(';\n')};\n`))
})
