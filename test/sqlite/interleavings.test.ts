import t from 'tap'
import { SqliteStore } from '../../lib/stores/sqlite.ts'
import { openSqlite, SQLITE_LIBRARIES } from '../support/sqlite-databases.ts'
import { SOME_THREES, storeInterleavings } from '../support/store-conformance.ts'

for (const library of Object.keys(SQLITE_LIBRARIES)) {
  t.test(`${library}: requests keep all promises in every order of their store operations`, async (t) => {
    const database = openSqlite(t.testdir(), library)
    t.teardown(() => database.close())
    const store = new SqliteStore({ database }).createTable()
    const make = async () => ({ store })
    t.equal(await storeInterleavings(t, make), 45)
    t.ok((await storeInterleavings(t, make, { threes: true }, SOME_THREES)) > 10)
  })
}
