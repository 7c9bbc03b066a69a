import t from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import { startPgBouncer } from '../support/pgbouncer.ts'
import { pgPool } from '../support/postgres-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

const server = await startPostgres()
const bouncer = await startPgBouncer(server)
t.teardown(async () => {
  await bouncer.stop()
  await server.stop()
})

/** PgBouncer cannot limit statements, so the pool does not ask for it. */
const pool = () => pgPool(bouncer.connection, { statement_timeout: false, max: 10 })

const calls = async (store: PostgresStore) =>
  Promise.allSettled(
    Array.from({ length: 400 }, async (_, index) => {
      const id = `id-${index}`
      await store.write(id, Buffer.from(id), 60, 60)
      return String(await store.read(id, 60)) === id
    })
  )

t.test('with `prepare: false`, the store keeps its promises through PgBouncer in transaction mode', async (t) => {
  const client = pool()
  t.teardown(() => client.end())
  const store = new PostgresStore({ client, prepare: false })
  await store.createTable()
  await storeConformance(t, 'PostgresStore', async () => ({ store }))
  const results = await calls(store)
  t.ok(results.every((result) => result.status === 'fulfilled' && result.value))
})

t.test('with prepared statements, the error says what to set', async (t) => {
  const client = pool()
  t.teardown(() => client.end())
  const store = new PostgresStore({ client, table: 'prepared' })
  await new PostgresStore({ client, table: 'prepared', prepare: false }).createTable()
  const failures = (await calls(store)).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  t.ok(failures.length > 0)
  for (const { code, message } of failures) {
    t.ok(['26000', '42P05'].includes(code), code)
    t.match(message, 'pass `prepare: false` to PostgresStore')
  }
})
