import pg from 'pg'
import t from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import type { PgClient } from '../../types/stores/postgres.ts'
import { testApp } from '../support/app.ts'
import { pgPool } from '../support/postgres-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

const server = await startPostgres()
t.teardown(() => server.stop())

for (const isolation of ['repeatable read', 'serializable']) {
  t.test(`where transactions are ${isolation} by default, the store keeps its promises`, async (t) => {
    const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`
    const pool = pgPool(server.connection, { options, max: 20 })
    t.teardown(() => pool.end())
    let races = 0
    const client: PgClient = {
      query: (query) =>
        pool.query(query).catch((error) => {
          if (error.code === '40001') races++
          throw error
        })
    }
    const store = new PostgresStore({ client, table: isolation })
    await store.createTable()
    await storeConformance(t, 'PostgresStore', async () => ({ store }))
    t.ok(races > 0, `${races} statements were refused with 40001 and sent again`)

    const { send } = await testApp(t, { store })
    const { cookie } = await send(undefined, (session) => void (session.n = 0))
    const increment = () => send(cookie, (session) => session.update((newest) => void newest.n++))
    const answers = await Promise.all(Array.from({ length: 20 }, increment))
    const counted = answers.filter(({ status }) => status === 200).length
    t.match(await send(cookie, (session) => session.data()), { body: { n: counted } })
    t.ok(counted > 0)
  })
}

t.test('a statement that loses every race is an error in the end', async (t) => {
  let sent = 0
  const client = {
    async query(): Promise<{ rows: [] }> {
      sent++
      throw Object.assign(new pg.DatabaseError('could not serialize access', 0, 'error'), { code: '40001' })
    }
  }
  await t.rejects(new PostgresStore({ client }).read('an-id', 60), { code: '40001' })
  t.equal(sent, 10)
})
