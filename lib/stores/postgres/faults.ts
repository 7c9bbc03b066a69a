import { isInstance } from '../../errors.ts'
import { quotedTable, type TablePlace } from './schema.ts'

const sqlState = (error: unknown): unknown => (isInstance(error, Error) && 'code' in error ? error.code : undefined)

/** Serialization failure and deadlock: another statement was faster, and this one has changed nothing. */
const LOST_RACES: readonly unknown[] = ['40001', '40P01']

/** Whether the same statement can be sent again, because it has changed nothing and may succeed now. */
export const hasLostRace = (error: unknown): boolean => LOST_RACES.includes(sqlState(error))

/** Two processes have made the same table or index at the same time. */
const MADE_TWICE: readonly unknown[] = ['23505', '42P07', '42710']

/** Whether another process has made the same table or index at the same moment. */
export const wasMadeTwice = (error: unknown): boolean => MADE_TWICE.includes(sqlState(error))

const PREPARED =
  'the server does not know a statement that was prepared, as with PgBouncer in transaction mode: pass `prepare: false` to PostgresStore, or set max_prepared_statements in PgBouncer 1.21 or later'

const SQL_REMEDIES: Readonly<Record<string, (table: string, options: string) => string>> = {
  '42P01': (table, options) =>
    `there is no table ${table}: call \`await store.createTable()\` when the application starts, or put what \`npx fastify-starsessions schema postgres${options}\` prints into a migration`,
  '3F000': (table) => `there is no schema for the table ${table}: create the schema first`,
  '42703': (table) => `the table ${table} has other columns: it was made by another program, so pass another \`table\``,
  '42501': (table) => `the user of the client needs the rights SELECT, INSERT, UPDATE and DELETE on ${table}`,
  '25006': () => 'the server is read-only, as a standby is: the client must connect to the primary',
  '42P05': () => PREPARED,
  '26000': () => PREPARED
}

/** Adds what to do about an error of PostgreSQL, if that is known. Any other error stays as it is. */
export function withRemedy(error: unknown, place: TablePlace): unknown {
  const code = String(sqlState(error))
  if (!Object.hasOwn(SQL_REMEDIES, code)) return error
  const { table, schema } = place
  const options = `${table === 'starsessions' ? '' : ` --table ${table}`}${schema === undefined ? '' : ` --schema ${schema}`}`
  return Object.assign(new Error(SQL_REMEDIES[code]!(quotedTable(place), options), { cause: error }), { code })
}
