import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { SqliteStore } from '../../lib/stores/sqlite.ts'
import type { SqliteDatabase, SqliteStoreOptions } from '../../types/stores/sqlite.ts'
import { testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openSqlite, SQLITE_LIBRARIES } from '../support/sqlite-databases.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const DAY = 86_400
const ID = 'an-id-that-nobody-may-find-in-a-dump-of-it'
const data = Buffer.from([0, 255, 254, 13, 10])
const next = Buffer.from('next')

interface Row {
  readonly id: Buffer
  readonly expires_at: number
}

function connect(t: Test, options: Omit<SqliteStoreOptions, 'database'> = {}) {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  const store = new SqliteStore({ database, ...options }).createTable()
  const rows = () => database.prepare(`SELECT id, expires_at FROM "${options.table ?? 'starsessions'}"`).all() as Row[]
  const left = () => rows().map(({ expires_at }) => (expires_at - Date.now()) / 1000)
  return { database, store, rows, left }
}

for (const library of Object.keys(SQLITE_LIBRARIES)) {
  t.test(`${library} keeps what SessionStore promises`, async (t) => {
    const database = openSqlite(t.testdir(), library)
    t.teardown(() => database.close())
    const clock = fakeClock(t)
    const store = new SqliteStore({ database }).createTable()
    await storeConformance(t, 'SqliteStore', async () => ({ store, advance: (seconds) => clock.advance(seconds) }))
  })
}

t.test('a row has the SHA-256 of the id, not the id', async (t) => {
  const folder = t.testdir()
  const database = openSqlite(folder)
  await new SqliteStore({ database }).createTable().write(ID, data, HOUR, HOUR)
  const [row] = database.prepare('SELECT id FROM starsessions').all() as Row[]
  t.equal(row?.id.toString('hex'), createHash('sha256').update(ID).digest('hex'))
  database.close()
  t.notMatch(readFileSync(join(folder, 'sessions.db')).toString('latin1'), ID)
})

t.test('the row ends together with the session', async (t) => {
  fakeClock(t)
  const { store, left } = connect(t)
  await store.write(ID, data, HOUR, 60.5)
  t.same(left(), [60.5])
  await store.read(ID, HOUR)
  t.same(left(), [60.5], 'a plain read does not change the end')
  await store.read(ID, HOUR, 120)
  t.same(left(), [120])
  await store.touch(ID, HOUR, 240)
  t.same(left(), [240])
  await store.replace(ID, data, next, HOUR, 30)
  t.same(left(), [30])
  await store.touch(ID, HOUR, 0.0001)
  t.same(left(), [0.001], 'a fraction of a millisecond is rounded up')
})

t.test('with lifetime 0 the row ends gcTtl after the last read', async (t) => {
  const clock = fakeClock(t)
  for (const [options, bound] of [[{}, 30 * DAY] as const, [{ gcTtl: 600 }, 600] as const]) {
    const { store, left } = connect(t, options)
    await store.write(ID, data, 0, 0)
    t.same(left(), [bound])
    clock.advance(100)
    t.same(await store.read(ID, 0), data)
    t.same(left(), [bound === 600 ? 600 : bound - 100], 'a hundred seconds of 30 days are not worth a write')
    clock.advance(100)
    t.equal(await store.touch(ID, 0, 0), true)
    t.same(left(), [bound])
  }
})

t.test('with lifetime 0 and a ttl, the row is not kept beyond the ttl, even if it is read', async (t) => {
  fakeClock(t)
  const { store, left } = connect(t, { gcTtl: 600 })
  await store.write(ID, data, 0, 60.5)
  t.same(left(), [60.5])
  t.same(await store.read(ID, 0, 120), data)
  t.same(left(), [120])
  t.same(await store.read(ID, 0, 9_000), data)
  t.same(left(), [600], 'gcTtl is the upper limit')
  t.same(await store.read(ID, 0, 30), data)
  t.same(left(), [30], 'a smaller ttl brings the end forward')
})

t.test('a read prolongs only when less than 95 % of the time is left', async (t) => {
  const clock = fakeClock(t)
  const { store, left } = connect(t)
  await store.write(ID, data, 1000, 1000)
  clock.advance(49)
  await store.read(ID, 1000, 1000)
  t.same(left(), [951])
  clock.advance(2)
  await store.read(ID, 1000, 1000)
  t.same(left(), [1000])
})

t.test('a write, a touch and a replace with a ttl of 0 remove the session', async (t) => {
  const { store, rows } = connect(t)
  for (const ttl of [0, -1, Number.NaN]) {
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.write(ID, data, HOUR, ttl), ID)
    t.same(rows(), [])
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.touch(ID, HOUR, ttl), false)
    t.same(rows(), [])
    await store.write(ID, data, HOUR, HOUR)
    t.same(await store.replace(ID, data, next, HOUR, ttl), { replaced: true })
    t.same(rows(), [])
  }
})

t.test('sweep() deletes the rows whose time is over, and says how many', async (t) => {
  const clock = fakeClock(t)
  const { store, rows } = connect(t)
  for (let n = 0; n < 250; n++) await store.write(`id-${n}`, data, HOUR, 10)
  await store.write(ID, data, HOUR, HOUR)
  clock.advance(11)
  t.equal(store.sweep(), 250)
  t.equal(rows().length, 1)
  t.equal(store.sweep(), 0)
})

t.test(
  'a write deletes a hundred expired rows about every quarter of an hour, and more if there are more',
  async (t) => {
    const clock = fakeClock(t)
    const { now } = performance
    t.teardown(() => Object.assign(performance, { now }))
    const { store, rows, database } = connect(t)
    for (let n = 0; n < 150; n++) await store.write(`id-${n}`, data, HOUR, 10)
    clock.advance(11)
    const began = performance.now()
    const at = (seconds: number) => Object.assign(performance, { now: () => began + seconds * 1000 })
    for (const [seconds, left] of [
      [900, 51],
      [900.5, 51],
      [902, 1],
      [1_000, 1]
    ] as const) {
      at(seconds)
      await store.write(ID, data, HOUR, HOUR)
      t.equal(rows().length, left, `after ${seconds} seconds`)
    }
    at(9_000)
    t.intercept(database, 'prepare', { value: () => t.fail('all statements are prepared') })
    await store.write(ID, data, HOUR, HOUR)
  }
)

t.test('a sweep that fails does not fail the write', async (t) => {
  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  const { store, database } = connect(t)
  const { prepare } = database
  database.prepare = ((text: string) => {
    if (text.includes('LIMIT')) throw new Error('database is locked')
    return prepare.call(database, text)
  }) as typeof prepare
  performance.now = () => now.call(performance) + DAY * 1000
  t.equal(await store.write(ID, data, HOUR, HOUR), ID)
  t.same(await store.read(ID, HOUR), data)
})

t.test('sessions survive a restart of the process', async (t) => {
  const folder = t.testdir()
  const first = openSqlite(folder)
  const before = await testApp(t, { store: new SqliteStore({ database: first }).createTable(), lifetime: HOUR })
  const { cookie } = await before.send(undefined, (session) => void (session.user = 'ada'))
  await before.app.close()
  first.close()
  const second = openSqlite(folder)
  t.teardown(() => second.close())
  const after = await testApp(t, { store: new SqliteStore({ database: second }).createTable(), lifetime: HOUR })
  t.match(await after.send(cookie, (session) => session.data()), { status: 200, body: { user: 'ada' } })
})

t.test('a missing table is answered with 503, and the log says how to make it', async (t) => {
  const { database, store } = connect(t)
  const { send, problems } = await testApp(t, { store, lifetime: HOUR })
  const { cookie } = await send(undefined, (session) => void (session.user = 'ada'))
  database.exec('ALTER TABLE starsessions RENAME TO away')
  t.match(await send(cookie, (session) => session.data()), { status: 503, headers: { 'retry-after': '5' }, lines: [] })
  t.match(JSON.stringify(problems()), 'call `store.createTable()` when the application starts')
  database.exec('ALTER TABLE away RENAME TO starsessions')
  t.match(await send(cookie, (session) => session.data()), { status: 200, body: { user: 'ada' } })
})

t.test('while another process writes for longer than busy_timeout, requests get 503', async (t) => {
  const folder = t.testdir()
  const database = openSqlite(folder)
  database.exec('PRAGMA busy_timeout = 50')
  const other = openSqlite(folder)
  t.teardown(() => [database, other].map((one) => one.close()))
  const { send, problems } = await testApp(t, { store: new SqliteStore({ database }).createTable(), lifetime: HOUR })
  const { cookie } = await send(undefined, (session) => void (session.user = 'ada'))
  other.exec('BEGIN IMMEDIATE')
  t.match(await send(cookie, (session) => session.data()), { status: 200 }, 'with WAL, reads go on')
  const refused = await send(cookie, (session) => void (session.user = 'bob'))
  t.match(refused, { status: 503, headers: { 'retry-after': '5' }, lines: [] })
  t.match(JSON.stringify(problems()), 'another process writes to the database: set `PRAGMA busy_timeout = 5000`')
  other.exec('ROLLBACK')
  t.match(await send(cookie, (session) => session.data()), { body: { user: 'ada' } })
})

t.test('calls are not timed, unless somebody has extended the store or replaced a method', async (t) => {
  const { database, store } = connect(t)
  t.equal(store.isLocal, true)
  class Extended extends SqliteStore {}
  t.equal(new Extended({ database }).isLocal, false)
  t.equal(new Extended({ database }).move, undefined, 'its own write() and replace() count')
  store.read = () => null
  t.equal(store.isLocal, false)
})

t.test('stores share records if they have one table in one file', async (t) => {
  const { database } = connect(t)
  const make = (options: object) => new SqliteStore({ database, ...options })
  t.equal(make({}).sharesRecordsWith(make({})), true)
  t.equal(make({}).sharesRecordsWith(make({ table: 'other' })), false)
  t.equal(make({}).sharesRecordsWith(connect(t).store), false, 'each database in memory is another one')
  t.equal(make({}).sharesRecordsWith(new InMemoryStore()), false)
  t.equal(make({}).sharesRecordsWith(new Proxy(make({ table: 'other' }), {})), true, 'a Proxy cannot be compared')
  const folder = t.testdir()
  const [one, other] = [openSqlite(folder), openSqlite(folder)]
  t.teardown(() => [one, other].map((database) => database.close()))
  t.equal(new SqliteStore({ database: one }).sharesRecordsWith(new SqliteStore({ database: other })), true)
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const { database } = connect(t)
  const make = (options: object) => () => new SqliteStore({ database, ...options })
  t.throws(make({ tabel: 'a' }), { code: 'FST_SESSION_OPTIONS', message: /^SqliteStore: .*"tabel".*"table"/ })
  t.throws(make({ filename: 'a' }), { message: /new SqliteStore\(\{ database: new Database\(file\) \}\)/ })
  t.throws(make({ gcTtl: -1 }), { message: 'SqliteStore: gcTtl must be a positive integer' })
  t.throws(make({ table: '' }), { message: 'SqliteStore: table must be a name of 1 to 50 bytes' })
  t.throws(() => new SqliteStore(undefined as unknown as SqliteStoreOptions), { code: 'FST_SESSION_OPTIONS' })
})

t.test('the types of better-sqlite3 fit the option', async (t) => {
  const database: SqliteDatabase = new Database(':memory:')
  t.ok(database)
})
