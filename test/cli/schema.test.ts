import Database from 'better-sqlite3'
import t from 'tap'
import { runCommand } from '../../lib/cli/commands.ts'
import { SqliteStore } from '../../lib/stores/sqlite.ts'

const run = (...args: string[]) => runCommand(args, '1.2.3')

t.test('schema sqlite prints statements that make the table of a SqliteStore', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  for (const table of ['starsessions', 'my sessions']) {
    const { exitCode, stdout, stderr } = run('schema', 'sqlite', '--table', table)
    t.same([exitCode, stderr], [0, ''])
    database.exec(stdout)
    const store = new SqliteStore({ database, table })
    await store.write('an-id', Buffer.from('data'), 60, 60)
    t.same(await store.read('an-id', 60), Buffer.from('data'))
  }
  t.equal(run('schema', 'sqlite').stdout, run('schema', 'sqlite', '--table', 'starsessions').stdout)
})

t.test('schema postgres prints the table with its schema, and an unlogged table on demand', async (t) => {
  const { exitCode, stdout } = run('schema', 'postgres')
  t.equal(exitCode, 0)
  t.match(stdout, /^CREATE TABLE IF NOT EXISTS "starsessions" \(/)
  t.equal(stdout.match(/;\n/g)?.length, 3)
  t.match(
    run('schema', 'postgres', '--table', 'mine', '--schema', 'app', '--unlogged').stdout,
    /^CREATE UNLOGGED TABLE IF NOT EXISTS "app"\."mine" \(/
  )
})

t.test('a wrong command line is refused', async (t) => {
  const wrong: [args: string[], message: string][] = [
    [['schema'], 'schema needs a database: postgres, sqlite'],
    [['schema', 'postgre'], 'unknown database "postgre": did you mean "postgres"? Known are postgres, sqlite'],
    [['schema', 'sqlite', 'x'], 'schema takes one database: "x" is too much'],
    [['schema', 'sqlite', '--schema', 'app'], 'SQLite has no --schema'],
    [['schema', 'sqlite', '--unlogged'], 'SQLite has no --unlogged tables'],
    [['schema', 'postgres', '--table', ''], 'schema: --table must be a name of 1 to 50 bytes'],
    [['schema', 'postgres', '--schema', ''], 'schema: --schema must be a name of 1 to 50 bytes'],
    [['keygen', 'secret', '--table', 'a'], 'keygen does not know --table']
  ]
  for (const [args, message] of wrong) {
    const { exitCode, stdout, stderr } = run(...args)
    t.same([exitCode, stdout], [2, ''])
    t.ok(stderr.startsWith(`fastify-starsessions: ${message}\n\nUsage: `), stderr)
  }
})
