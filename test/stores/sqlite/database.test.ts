import Database from 'better-sqlite3'
import t from 'tap'
import { Connection } from '../../../lib/stores/sqlite/database.ts'
import type { SqliteDatabase } from '../../../types/stores/sqlite.ts'

const SUPPORTED =
  'Supported are new Database(file) of "better-sqlite3" (12); new DatabaseSync(file) of "node:sqlite" (Node 22 and later)'

const methods = (...names: string[]) => Object.fromEntries(names.map((name) => [name, () => undefined]))

t.test('a database that is not supported is refused, and the message says what it is', async (t) => {
  const postgres = 'a client of PostgreSQL: use PostgresStore of "fastify-starsessions/postgres"'
  const later = 'which answers later: use "better-sqlite3" or "node:sqlite"'
  const strangers: [database: unknown, what: string][] = [
    [undefined, 'undefined: open a database and pass it'],
    [null, 'null: open a database and pass it'],
    ['sessions.db', 'a path: open the file and pass the database'],
    [new URL('file:///sessions.db'), 'a path: open the file and pass the database'],
    [Database, 'a class or a function: pass the database that it opens'],
    [Promise.resolve(), 'a promise: await it'],
    [methods('prepare', 'exec', 'parallelize'), `of the package "sqlite3", ${later}`],
    [methods('prepare', 'exec', 'getDatabaseInstance'), `of the package "sqlite", ${later}`],
    [methods('prepare', 'exec', 'batch', 'dump'), 'a D1 database, which answers later'],
    [methods('$queryRawUnsafe'), 'a Prisma client: open the file with "better-sqlite3" beside it'],
    [methods('query', 'connect'), postgres],
    [methods('unsafe', 'begin'), postgres],
    [{ $client: {} }, 'a database of Drizzle: pass its $client'],
    [{}, 'of an unknown kind'],
    [42, 'of an unknown kind'],
    [
      { ...methods('exec'), prepare: () => ({ get: async () => undefined }) },
      'one that answers later: the store needs one that answers at once'
    ]
  ]
  for (const [database, what] of strangers) {
    t.throws(() => new Connection(database as SqliteDatabase), {
      code: 'FST_SESSION_OPTIONS',
      message: `SqliteStore: database is ${what}. ${SUPPORTED}`
    })
  }
})

t.test('a database that does not tell its file counts as one in memory', async (t) => {
  const statement = { get: () => undefined, all: () => [], run: () => ({ changes: 0 }) }
  const make = () => new Connection({ exec: () => undefined, prepare: () => statement })
  const [one, other] = [make(), make()]
  t.equal(one.file, '')
  t.equal(one.isSameAs(other), false)
})

t.test('each statement is prepared once', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  const connection = new Connection(database)
  const prepared = t.capture(database, 'prepare', database.prepare)
  t.same([connection.get('SELECT ? AS n', 1), connection.get('SELECT ? AS n', 2)], [{ n: 1 }, { n: 2 }])
  t.same(connection.all('SELECT 3 AS n'), [{ n: 3 }])
  t.equal(prepared().length, 2)
})

t.test('the number of changed rows is a number, also if the database counts with BigInt', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  database.defaultSafeIntegers(true)
  const connection = new Connection(database)
  connection.exec('CREATE TABLE a (b)')
  t.equal(connection.run('INSERT INTO a VALUES (?), (?)', 'one', null), 2)
})

t.test('a change on a full disk fails with the error of the disk, and the next change works', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  database.exec('CREATE TABLE records (data BLOB); PRAGMA max_page_count = 10')
  const connection = new Connection(database)
  const add = (size: number) =>
    connection.change(() => connection.run('INSERT INTO records VALUES (?)', Buffer.alloc(size)))
  t.throws(() => add(1_000_000), { message: 'database or disk is full' })
  t.equal(database.inTransaction, false)
  t.equal(add(10), 1)
})
