import type { PgClient, PostgresClient, PostgresJsClient, PostgresValue } from '../../../types/stores/postgres.ts'
import { offersMethods } from '../../checks/offers-methods.ts'
import { SessionOptionsError } from '../../errors.ts'
import type { Statement } from './statements.ts'

/** A row: the names of the columns, and their values. */
export type Row = Readonly<Record<string, unknown>>

/** Runs one statement outside of a transaction, and returns its rows. */
export type RunStatement = (statement: Statement, values: PostgresValue[]) => PromiseLike<readonly Row[]>

const POSTGRES_CLIENTS =
  'new Pool() or new Client() of "pg" (8) or "@neondatabase/serverless"; postgres(url) of "postgres" (3); new PGlite(); any object with query({ name?, text, values }) that resolves to { rows }'

/**
 * Finds out what kind of client was passed, and returns the function that runs statements with it.
 * @throws `FST_SESSION_OPTIONS`. Its message names the client that was passed, if it is known, and the supported
 *   clients
 */
export function statementRunner(client: PostgresClient, prepare: boolean): RunStatement {
  const stranger = STRANGERS.find(([methods]) => offersMethods(client, methods))
  if (stranger !== undefined) throw refused(stranger[1])
  if (offersMethods(client, ['unsafe', 'begin'])) return withPostgresJs(client as PostgresJsClient, prepare)
  if (offersMethods(client, ['query', 'execProtocol'])) return withPGlite(client as unknown as PGliteQuery)
  if (offersMethods(client, ['query']) && typeof client !== 'function') return withPg(client as PgClient, prepare)
  throw refused(describeOther(client))
}

const withPostgresJs =
  (sql: PostgresJsClient, prepare: boolean): RunStatement =>
  ({ name, text }, values) =>
    sql.unsafe(text, values, { prepare: prepare && name !== undefined }) as PromiseLike<readonly Row[]>

/** The method of PGlite that the type of the option leaves out, because `pg` has another one of that name. */
interface PGliteQuery {
  query(text: string, values: PostgresValue[]): PromiseLike<{ readonly rows: readonly unknown[] }>
}

const withPGlite =
  (database: PGliteQuery): RunStatement =>
  async ({ text }, values) =>
    rowsOf(await database.query(text, values))

const withPg =
  (client: PgClient, prepare: boolean): RunStatement =>
  async ({ name, text }, values) =>
    rowsOf(await client.query(prepare && name !== undefined ? { name, text, values } : { text, values }))

function rowsOf(answer: { readonly rows: readonly unknown[] } | undefined): readonly Row[] {
  if (Array.isArray(answer?.rows)) return answer.rows
  throw new TypeError('PostgresStore: query() of the client must resolve to { rows }, with a list of objects')
}

/** Objects that applications have at hand, told by their methods. Some of them have a `query()` of another kind. */
const STRANGERS: readonly (readonly [methods: readonly string[], what: string])[] = [
  [['then'], 'a promise: await it'],
  [['$queryRawUnsafe'], 'a Prisma client: make a pool of "pg" beside it'],
  [['createQueryRunner'], 'a DataSource of TypeORM: make a pool of "pg" beside it'],
  [['getQueryInterface'], 'a Sequelize: make a pool of "pg" beside it'],
  [['selectFrom', 'executeQuery'], 'a Kysely: pass the pool of its dialect'],
  [['raw', 'schema'], 'a Knex: make a pool of "pg" beside it'],
  [['raw', 'queryBuilder'], 'a Knex: make a pool of "pg" beside it'],
  [['getConnection'], 'a client of MySQL: PostgresStore needs PostgreSQL'],
  [['prepare', 'exec'], 'a SQLite database: use SqliteStore of "fastify-starsessions/sqlite"'],
  [['getBuffer', 'set'], 'a Redis client: use RedisStore'],
  [['sendCommand'], 'a Redis client: use RedisStore']
]

const refused = (what: string): Error =>
  new SessionOptionsError(`PostgresStore: client is ${what}. Supported are ${POSTGRES_CLIENTS}`)

function describeOther(client: unknown): string {
  if (client === undefined || client === null) return `${client}: make a client and pass it`
  if (typeof client === 'string' || client instanceof URL) return 'a URL: make a client with it and pass the client'
  if (typeof client === 'function') return 'a class or a function: pass the client that it makes'
  if (typeof client === 'object' && '$client' in client) return 'a database of Drizzle: pass its $client'
  return 'of an unknown kind'
}
