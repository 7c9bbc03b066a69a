import connectPgSimple from 'connect-pg-simple'
import session from 'express-session'
import pg from 'pg'
import t from 'tap'
import { fromExpressStore } from '../../lib/stores/express.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

const PgStore = connectPgSimple(session)

t.test('connect-pg-simple keeps the promises of SessionStore', async (t) => {
  const server = await startPostgres()
  const pool = new pg.Pool({ ...server.connection, max: 10, connectionTimeoutMillis: 2_000 })
  pool.on('error', () => undefined)
  t.teardown(async () => {
    await pool.end()
    await server.stop()
  })
  for (const column of ['json', 'jsonb']) {
    await t.test(`with a column of the type ${column}`, async (t) => {
      const tableName = `session_${column}`
      await server.sql(
        `CREATE TABLE ${tableName} (sid varchar PRIMARY KEY, sess ${column} NOT NULL, expire timestamp(6) NOT NULL)`
      )
      const store = fromExpressStore(new PgStore({ pool, tableName, pruneSessionInterval: false }))
      const breakDown = async () => {
        await server.crash()
        return () => server.restart()
      }
      await storeConformance(t, `connect-pg-simple, ${column}`, async () => ({ store, break: breakDown }))
    })
  }
})
