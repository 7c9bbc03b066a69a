import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import type { PgClient, PostgresQuery, PostgresStoreOptions } from '../../types/stores/postgres.ts'
import { POSTGRES_CLIENTS, pgPool } from '../support/postgres-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const DAY = 86_400
const ID = 'an-id-that-nobody-may-find-in-a-dump-of-it'
const data = Buffer.from([0, 255, 254, 13, 10])
const next = Buffer.from('next')

const server = await startPostgres()
t.teardown(() => server.stop())

let tables = 0

/** Makes a store with a table of its own. `asked` lists the queries that it has sent. */
async function connect(t: Test, options: Omit<PostgresStoreOptions, 'client'> = {}) {
  const pool = pgPool(server.connection)
  t.teardown(() => pool.end())
  const asked: PostgresQuery[] = []
  const client: PgClient = {
    query(query) {
      asked.push(query)
      return pool.query(query)
    }
  }
  const table = `sessions_${++tables}`
  const store = new PostgresStore({ client, table, ...options })
  await store.createTable()
  asked.length = 0
  return { pool, client, asked, table, store }
}

const rowsIn = (table: string) =>
  server.sql(`SELECT encode(id, 'hex') AS id, extract(epoch FROM expires_at - now())::float8 AS left FROM ${table}`)

/** The seconds that the only session of the table still has. */
const secondsLeft = async (table: string) => Number((await rowsIn(table))[0]?.left)

/** Whether the only session of the table ends in this many seconds. The time that the test has taken is allowed for. */
async function endsIn(table: string, seconds: number): Promise<boolean> {
  const left = await secondsLeft(table)
  return left <= seconds && left > seconds - 10
}

t.test('each kind of client keeps what SessionStore promises', async (t) => {
  const runs: Promise<unknown>[] = []
  for (const [index, [name, connectClient]] of Object.entries(POSTGRES_CLIENTS).entries()) {
    const { options, close } = await connectClient(server.connection)
    t.teardown(close)
    const store = new PostgresStore({ ...options, table: `conformance_${index}` })
    await store.createTable()
    runs.push(
      t.test(name, { buffered: true }, (t) => storeConformance(t, `PostgresStore (${name})`, async () => ({ store })))
    )
  }
  t.jobs = runs.length
  await Promise.all(runs)
  t.jobs = 1
})

t.test('a row has the SHA-256 of the id, not the id', async (t) => {
  const { store, table } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  t.match(await rowsIn(table), [{ id: createHash('sha256').update(ID).digest('hex') }])
  t.notMatch(JSON.stringify(await server.sql(`SELECT t::text FROM ${table} t`)), Buffer.from(ID).toString('hex'))
})

t.test('the row ends together with the session', async (t) => {
  const { store, table } = await connect(t)
  await store.write(ID, data, HOUR, 60.5)
  t.ok(await endsIn(table, 60.5))
  await store.read(ID, HOUR)
  t.ok(await endsIn(table, 60.5), 'a plain read does not change the end')
  await store.read(ID, HOUR, 120)
  t.ok(await endsIn(table, 120))
  await store.touch(ID, HOUR, 240)
  t.ok(await endsIn(table, 240))
  await store.replace(ID, data, next, HOUR, 30)
  t.ok(await endsIn(table, 30))
})

t.test('with lifetime 0 the row ends gcTtl after the last read', async (t) => {
  for (const [options, bound] of [[{}, 30 * DAY] as const, [{ gcTtl: 600 }, 600] as const]) {
    const { store, table } = await connect(t, options)
    await store.write(ID, data, 0, 0)
    t.ok(await endsIn(table, bound))
    await server.sql(`UPDATE ${table} SET expires_at = now() + interval '1 minute'`)
    t.same(await store.read(ID, 0), data)
    t.ok(await endsIn(table, bound))
    await server.sql(`UPDATE ${table} SET expires_at = now() + interval '1 minute'`)
    t.equal(await store.touch(ID, 0, 0), true)
    t.ok(await endsIn(table, bound))
  }
})

t.test('with lifetime 0 and a ttl, the row is not kept beyond the ttl, even if it is read', async (t) => {
  const { store, table } = await connect(t, { gcTtl: 600 })
  await store.write(ID, data, 0, 60.5)
  t.ok(await endsIn(table, 60.5))
  t.same(await store.read(ID, 0, 120), data)
  t.ok(await endsIn(table, 120))
  t.same(await store.read(ID, 0, 9_000), data)
  t.ok(await endsIn(table, 600), 'gcTtl is the upper limit')
  t.same(await store.read(ID, 0, 30), data)
  t.ok(await endsIn(table, 30), 'a smaller ttl brings the end forward')
})

t.test('a read prolongs only when less than 95 % of the time is left', async (t) => {
  const { store, table, asked } = await connect(t)
  await store.write(ID, data, 1000, 1000)
  for (const [left, isProlonged] of [
    [960, false],
    [940, true]
  ] as const) {
    await server.sql(`UPDATE ${table} SET expires_at = now() + ${left} * interval '1 second'`)
    asked.length = 0
    t.same(await store.read(ID, 1000, 1000), data)
    t.equal(asked.length, isProlonged ? 2 : 1, `${left} of 1000 seconds are left`)
    t.ok(await endsIn(table, isProlonged ? 1000 : left))
  }
})

t.test('a read does not prolong a row that another request has changed meanwhile', async (t) => {
  const pool = pgPool(server.connection)
  t.teardown(() => pool.end())
  const { store, table } = await connect(t)
  const slow = new PostgresStore({
    table,
    client: {
      async query(query) {
        if (query.text.startsWith('UPDATE')) await store.replace(ID, data, next, HOUR, 60)
        return pool.query(query)
      }
    }
  })
  await store.write(ID, data, HOUR, 30)
  t.same(await slow.read(ID, HOUR, HOUR), data)
  t.ok(await endsIn(table, 60), 'the end that the other request has set stays')
})

t.test('an end that would hardly move stays, so PostgreSQL need not change an index', async (t) => {
  const { store, table } = await connect(t)
  const end = async () => String((await server.sql(`SELECT expires_at::text AS e FROM ${table}`))[0]?.e)
  await store.write(ID, data, HOUR, HOUR)
  const first = await end()
  t.same(await store.replace(ID, data, next, HOUR, HOUR - 0.5), { replaced: true })
  await store.write(ID, data, HOUR, HOUR + 0.5)
  t.equal(await store.touch(ID, HOUR, HOUR - 0.5), true)
  t.equal(await end(), first)
  await store.replace(ID, data, next, HOUR, HOUR - 2)
  t.not(await end(), first)
  await store.write(ID, data, HOUR, 10)
  const short = await end()
  await store.touch(ID, HOUR, 10.5)
  t.not(await end(), short, 'for a short time, it may move by a hundredth only')
})

t.test('a write, a touch and a replace with a ttl of 0 remove the session', async (t) => {
  const { store, table } = await connect(t)
  for (const ttl of [0, -1, Number.NaN]) {
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.write(ID, data, HOUR, ttl), ID)
    t.same(await rowsIn(table), [])
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.touch(ID, HOUR, ttl), false)
    t.same(await rowsIn(table), [])
    await store.write(ID, data, HOUR, HOUR)
    t.same(await store.replace(ID, data, next, HOUR, ttl), { replaced: true })
    t.same(await rowsIn(table), [])
  }
})

t.test('each call takes one statement, and only a replace that fails takes a second one', async (t) => {
  const { store, asked } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  await store.read(ID, HOUR)
  await store.read(ID, HOUR, HOUR)
  await store.replace(ID, data, next, HOUR, HOUR)
  await store.touch(ID, HOUR, HOUR)
  await store.remove(ID)
  await store.replace(ID, null, data, HOUR, HOUR)
  await store.replace(ID, next, data, HOUR, HOUR)
  t.same(
    asked.map(({ text }) => text.trim().split(' ', 1)[0]),
    ['INSERT', 'SELECT', 'SELECT', 'UPDATE', 'UPDATE', 'DELETE', 'INSERT', 'UPDATE', 'SELECT']
  )
})

t.test('a row that was in the way of a new session and is gone a moment later does not hinder it', async (t) => {
  const { store, table, pool } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  const slow = new PostgresStore({
    table,
    client: {
      async query(query) {
        if (query.text.startsWith('SELECT')) await store.remove(ID)
        return pool.query(query)
      }
    }
  })
  t.same(await slow.replace(ID, null, next, HOUR, HOUR), { replaced: true })
  t.same(await store.read(ID, HOUR), next)
})

t.test('statements are named after the table and the operation, unless they are not to be prepared', async (t) => {
  const { store, asked, table } = await connect(t)
  await store.read(ID, HOUR)
  t.equal(asked[0]?.name, `starsessions.${table}.read`)
  const plain = await connect(t, { prepare: false })
  await plain.store.read(ID, HOUR)
  t.notHas(plain.asked[0], { name: '' })
})

t.test('names with any characters are quoted, and long names give short names of statements', async (t) => {
  await server.sql('CREATE SCHEMA "a ""schema"""')
  const pool = pgPool(server.connection)
  t.teardown(() => pool.end())
  const names = new Set<string>()
  const client: PgClient = {
    query(query) {
      names.add(String(query.name))
      return pool.query(query)
    }
  }
  const table = `${'Ä"'.repeat(16)}ab`
  t.equal(Buffer.byteLength(table), 50)
  const store = new PostgresStore({ client, table, schema: 'a "schema"' })
  await store.createTable()
  await store.createTable()
  await store.write(ID, data, HOUR, HOUR)
  t.same(await store.read(ID, HOUR), data)
  for (const name of names) t.ok(Buffer.byteLength(name) <= 63, name)
  t.match(await server.sql(`SELECT count(*)::int AS n FROM pg_indexes WHERE schemaname = 'a "schema"'`), [{ n: 3 }])
})

t.test('two stores share a pool, each with a table of its own', async (t) => {
  const client = pgPool(server.connection, { max: 1 })
  t.teardown(() => client.end())
  const [one, other] = [new PostgresStore({ client, table: 'one' }), new PostgresStore({ client, table: 'other' })]
  for (const store of [one, other]) await store.createTable()
  await one.write(ID, data, HOUR, HOUR)
  await other.write(ID, next, HOUR, HOUR)
  t.same(await one.read(ID, HOUR), data)
  t.same(await other.read(ID, HOUR), next)
})

t.test('several processes may make the table at once', async (t) => {
  const pool = pgPool(server.connection)
  t.teardown(() => pool.end())
  await Promise.all(
    Array.from({ length: 10 }, () => new PostgresStore({ client: pool, table: 'made_at_once' }).createTable())
  )
  t.equal(await new PostgresStore({ client: pool, table: 'made_at_once' }).read(ID, HOUR), null)
})

t.test('createTable() passes an error on, unless another process has made the same table meanwhile', async (t) => {
  const { client } = await connect(t)
  const store = new PostgresStore({ client, schema: 'nowhere' })
  await t.rejects(store.createTable(), { code: '3F000', message: /create the schema first/ })
  const raced = {
    query: () => Promise.reject(Object.assign(new Error('duplicate key value'), { code: '23505' }))
  }
  t.equal(await new PostgresStore({ client: raced }).createTable(), undefined)
})

t.test('sweep() deletes the rows whose time is over, in batches, and says how many', async (t) => {
  const { store, table, asked } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  await server.sql(
    `INSERT INTO ${table} SELECT sha256(n::text::bytea), '', now() - interval '1 second' FROM generate_series(1, 2500) n`
  )
  t.equal(await store.sweep(), 2500)
  t.equal(asked.filter(({ text }) => text.includes('SKIP LOCKED')).length, 3)
  t.match(await rowsIn(table), [{}])
  t.equal(await store.sweep(), 0)
})

t.test('a write deletes expired rows about every quarter of an hour, and nobody waits for it', async (t) => {
  const { random } = Math
  const { now } = performance
  t.teardown(() => Object.assign(Math, { random }) && Object.assign(performance, { now }))
  Math.random = () => 0.5
  const { store, asked } = await connect(t)
  const sweeps = () => asked.filter(({ text }) => text.includes('SKIP LOCKED')).length
  await store.write(ID, data, HOUR, HOUR)
  t.equal(sweeps(), 0)
  for (const [minutes, expected] of [
    [8, 1],
    [9, 1],
    [26, 2]
  ] as const) {
    performance.now = () => now.call(performance) + minutes * 60_000
    await store.replace(ID, data, data, HOUR, HOUR)
    t.equal(sweeps(), expected, `after ${minutes} minutes`)
  }
})

t.test('a sweep that fails does not end the process', async (t) => {
  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  const pool = pgPool(server.connection)
  t.teardown(() => pool.end())
  const { table } = await connect(t)
  let failed = 0
  const store = new PostgresStore({
    table,
    client: {
      async query(query) {
        if (!query.text.includes('SKIP LOCKED')) return pool.query(query)
        failed++
        throw new Error('the connection is lost')
      }
    }
  })
  performance.now = () => now.call(performance) + 99 * 60_000
  t.equal(await store.write(ID, data, HOUR, HOUR), ID)
  t.equal(failed, 1)
})

t.test('a subclass rotates with its own write() and replace()', async (t) => {
  const { client, store } = await connect(t)
  class Extended extends PostgresStore {}
  t.equal(new Extended({ client }).move, undefined)
  t.type(store.move, 'function')
})

t.test('stores share records if their tables may be the same', async (t) => {
  const { client } = await connect(t)
  const make = (options: object) => new PostgresStore({ client, ...options })
  t.equal(make({}).sharesRecordsWith(make({})), true)
  t.equal(make({}).sharesRecordsWith(make({ schema: 'a' })), true, 'the search path is not known')
  t.equal(make({ schema: 'a' }).sharesRecordsWith(make({ schema: 'b' })), false)
  t.equal(make({}).sharesRecordsWith(make({ table: 'other' })), false)
  t.equal(make({}).sharesRecordsWith(new InMemoryStore()), false)
  t.equal(make({}).sharesRecordsWith(new Proxy(make({ table: 'other' }), {})), true, 'a Proxy cannot be compared')
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const { client } = await connect(t)
  const make = (options: object) => () => new PostgresStore({ client, ...options })
  t.throws(make({ tabel: 'a' }), { code: 'FST_SESSION_OPTIONS', message: /^PostgresStore: .*"tabel".*"table"/ })
  t.throws(make({ conString: 'a' }), { message: /new PostgresStore\(\{ client: new Pool\(\.\.\.\) \}\)/ })
  t.throws(make({ tableName: 'a' }), { message: /it is "table" here/ })
  t.throws(make({ pruneSessionInterval: 1 }), { message: /store\.sweep\(\)/ })
  t.throws(make({ gcTtl: -1 }), { message: 'PostgresStore: gcTtl must be a positive integer' })
  t.throws(make({ prepare: 'no' }), { message: 'PostgresStore: prepare must be true or false' })
  for (const table of ['', 1, 'a\0b', 'x'.repeat(51)]) {
    t.throws(make({ table }), { message: 'PostgresStore: table must be a name of 1 to 50 bytes' })
    t.throws(make({ schema: table }), { message: 'PostgresStore: schema must be a name of 1 to 50 bytes' })
  }
  t.throws(() => new PostgresStore(undefined as unknown as PostgresStoreOptions), { code: 'FST_SESSION_OPTIONS' })
})
