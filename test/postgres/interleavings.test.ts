import t, { type Test } from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import { POSTGRES_CLIENTS } from '../support/postgres-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { SOME_THREES, storeInterleavings } from '../support/store-conformance.ts'

const server = await startPostgres()
t.teardown(() => server.stop())

async function storeOver(t: Test, name: string): Promise<PostgresStore> {
  const { options, close } = await POSTGRES_CLIENTS[name]!(server.connection)
  t.teardown(close)
  const store = new PostgresStore(options)
  await store.createTable()
  return store
}

for (const name of ['a pool of pg', 'a pool of pg, not prepared', 'postgres.js']) {
  t.test(`${name}: two requests keep all promises in every order of their store operations`, async (t) => {
    const store = await storeOver(t, name)
    t.equal(await storeInterleavings(t, async () => ({ store })), 45)
  })
}

t.test('rolling sessions in PostgreSQL keep all promises about two requests', async (t) => {
  const store = await storeOver(t, 'a pool of pg')
  await storeInterleavings(t, async () => ({ store }), { plugin: { lifetime: 60, rolling: true } })
})

t.test('three requests over PostgreSQL keep all promises in every order of their store operations', async (t) => {
  const store = await storeOver(t, 'a pool of pg')
  t.ok((await storeInterleavings(t, async () => ({ store }), { threes: true }, SOME_THREES)) > 10)
})
