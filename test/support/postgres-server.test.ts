import pg from 'pg'
import t from 'tap'
import { startPgBouncer } from './pgbouncer.ts'
import { startPostgres } from './postgres-server.ts'

t.test('a server keeps its data over a restart and over a crash', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  await server.sql('CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)')
  const { pid } = server
  await server.restart()
  t.not(server.pid, pid)
  t.same(await server.sql('SELECT n FROM numbers'), [{ n: 1 }])
  await server.crash()
  await t.rejects(server.sql('SELECT 1'), { code: 'ECONNREFUSED' })
  await server.restart()
  t.same(await server.sql('SELECT n FROM numbers'), [{ n: 1 }])
})

t.test('a paused server answers nothing until it is resumed', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const client = new pg.Client(server.connection)
  await client.connect()
  t.teardown(() => client.end())
  await server.pause()
  let hasAnswered = false
  const answer = client.query('SELECT 1 AS one').then(({ rows }) => {
    hasAnswered = true
    return rows
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(hasAnswered, false)
  server.resume()
  t.same(await answer, [{ one: 1 }])
})

t.test('a standby has the data of its server, and refuses to write', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  await server.sql('CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)')
  const standby = await startPostgres({ standbyOf: server.port })
  t.teardown(() => standby.stop())
  t.same(await standby.sql('SELECT n FROM numbers'), [{ n: 1 }])
  await t.rejects(standby.sql('INSERT INTO numbers VALUES (2)'), { code: '25006' })
})

t.test('PgBouncer in transaction mode forgets prepared statements', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const bouncer = await startPgBouncer(server)
  t.teardown(() => bouncer.stop())
  const pool = new pg.Pool({ ...bouncer.connection, max: 6 })
  t.teardown(() => pool.end())
  const ask = (options: object) =>
    Promise.allSettled(Array.from({ length: 60 }, () => pool.query({ text: 'SELECT 1 AS one', ...options })))
  t.ok((await ask({})).every(({ status }) => status === 'fulfilled'))
  t.notOk((await ask({ name: 'one' })).every(({ status }) => status === 'fulfilled'))
})
