import { PGlite } from '@electric-sql/pglite'
import t from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import { storeConformance, storeInterleavings } from '../support/store-conformance.ts'

const database = await PGlite.create()
t.teardown(() => database.close())
const store = new PostgresStore({ client: database })
await store.createTable()
const make = async () => ({ store })

t.test('a PGlite keeps what SessionStore promises', (t) => storeConformance(t, 'PostgresStore', make))

t.test('two requests over a PGlite keep all promises in every order of their store operations', async (t) => {
  t.equal(await storeInterleavings(t, make), 45)
})
