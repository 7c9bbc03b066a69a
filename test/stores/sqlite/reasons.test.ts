import t from 'tap'
import { withSqliteRemedy } from '../../../lib/stores/sqlite/reasons.ts'

t.test('an error with a known remedy names it, and has the error of SQLite as its cause', async (t) => {
  for (const [message, remedy] of [
    ['no such table: starsessions', 'there is no table "starsessions": call `store.createTable()`'],
    ['no such table: starsessions', '`npx fastify-starsessions schema sqlite`'],
    ['no such column: expires_at', 'other columns'],
    ['table starsessions has no column named expires_at', 'other columns'],
    ['database is locked', 'set `PRAGMA busy_timeout = 5000`'],
    ['database table is locked', 'set `PRAGMA busy_timeout = 5000`'],
    ['cannot start a transaction within a transaction', 'open one for the sessions alone'],
    ['database or disk is full', 'the disk is full'],
    ['attempt to write a readonly database', 'may not be written']
  ] as const) {
    const error = new Error(message)
    t.match(withSqliteRemedy(error, 'starsessions'), { message: remedy, cause: error })
  }
  t.match(withSqliteRemedy(new Error('no such table: mine'), 'mine'), { message: 'schema sqlite --table mine`' })
})

t.test('any other error stays as it is', async (t) => {
  for (const error of [new Error('disk I/O error'), 'no such table', undefined, null]) {
    t.equal(withSqliteRemedy(error, 'starsessions'), error)
  }
})
