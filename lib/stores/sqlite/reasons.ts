import { isInstance } from '../../errors.ts'
import { quoted } from '../sql/table-name.ts'

const SQLITE_REMEDIES: readonly (readonly [message: RegExp, reason: (table: string) => string])[] = [
  [
    /^no such table/,
    (table) =>
      `there is no table ${quoted(table)}: call \`store.createTable()\` when the application starts, or put what \`npx fastify-starsessions schema sqlite${table === 'starsessions' ? '' : ` --table ${table}`}\` prints into a migration`
  ],
  [
    /no such column|has no column/,
    (table) => `the table ${quoted(table)} has other columns: it was made by another program, so pass another \`table\``
  ],
  [
    /^database (table )?is locked/,
    () => 'another process writes to the database: set `PRAGMA busy_timeout = 5000`, so that SQLite waits for it'
  ],
  [
    /^cannot start a transaction within/,
    () => 'the application has a transaction open on this database object: open one for the sessions alone'
  ],
  [/^database or disk is full/, () => 'the disk is full, or the database has reached its `max_page_count`'],
  [/^attempt to write a readonly database/, () => 'the file of the database, or its folder, may not be written']
]

/** Adds what to do about an error of SQLite, if that is known. Any other error stays as it is. */
export function withSqliteRemedy(error: unknown, table: string): unknown {
  if (!isInstance(error, Error)) return error
  const [, reason] = SQLITE_REMEDIES.find(([message]) => message.test(error.message)) ?? []
  return reason === undefined ? error : new Error(reason(table), { cause: error })
}
