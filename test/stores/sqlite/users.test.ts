import Database from 'better-sqlite3'
import t from 'tap'
import { SqliteStore } from '../../../lib/stores/sqlite.ts'
import type { Listing } from '../../../types/users/sessions-by-user.ts'

const listing: Listing = {
  user: 'user',
  handle: 'handle',
  authenticatedAt: Date.now() / 1000,
  endsAt: Date.now() / 1000 + 3600,
  label: undefined,
  isListed: false,
  max: 3,
  whenFull: 'end-oldest'
}

t.test('if a change fails, nothing of it is stored, and the next one works', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  const store = new SqliteStore({ database }).createTable()
  database.exec("CREATE TRIGGER full BEFORE UPDATE ON starsessions BEGIN SELECT RAISE(ABORT, 'disk full'); END")
  const enlist = () => store.byUser.enlist('id', Buffer.from('data'), 60, 60, listing)
  t.throws(enlist, /disk full/)
  t.equal(database.inTransaction, false)
  t.equal(await store.read('id', 60), null)
  database.exec('DROP TRIGGER full')
  t.same(enlist(), { enlisted: true, evicted: [] })
})

t.test('a missing table is explained', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  t.throws(() => new SqliteStore({ database }).byUser.list('user'), { message: /there is no table "starsessions"/ })
})
