import type { Pool as NeonPool } from 'pg'
import pg from 'pg'
import postgres from 'postgres'
import t from 'tap'
import { PostgresStore } from '../../../lib/stores/postgres.ts'
import type { PostgresClient } from '../../../types/stores/postgres.ts'

const SUPPORTED =
  'Supported are new Pool() or new Client() of "pg" (8) or "@neondatabase/serverless"; postgres(url) of "postgres" (3); new PGlite(); any object with query({ name?, text, values }) that resolves to { rows }'

const methods = (...names: string[]) => Object.fromEntries(names.map((name) => [name, () => undefined]))

t.test('a client that is not supported is refused, and the message says what it is', async (t) => {
  const strangers: [client: unknown, what: string][] = [
    [undefined, 'undefined: make a client and pass it'],
    [null, 'null: make a client and pass it'],
    ['postgres://127.0.0.1', 'a URL: make a client with it and pass the client'],
    [new URL('postgres://127.0.0.1'), 'a URL: make a client with it and pass the client'],
    [pg.Pool, 'a class or a function: pass the client that it makes'],
    [postgres, 'a class or a function: pass the client that it makes'],
    [Object.assign(() => undefined, methods('query')), 'a class or a function: pass the client that it makes'],
    [Promise.resolve(), 'a promise: await it'],
    [methods('$queryRawUnsafe'), 'a Prisma client: make a pool of "pg" beside it'],
    [methods('query', 'createQueryRunner'), 'a DataSource of TypeORM: make a pool of "pg" beside it'],
    [methods('query', 'getQueryInterface'), 'a Sequelize: make a pool of "pg" beside it'],
    [methods('selectFrom', 'executeQuery'), 'a Kysely: pass the pool of its dialect'],
    [Object.assign(() => undefined, methods('raw', 'queryBuilder')), 'a Knex: make a pool of "pg" beside it'],
    [methods('query', 'execute', 'getConnection'), 'a client of MySQL: PostgresStore needs PostgreSQL'],
    [methods('prepare', 'exec'), 'a SQLite database: use SqliteStore of "fastify-starsessions/sqlite"'],
    [methods('getBuffer', 'set'), 'a Redis client: use RedisStore'],
    [methods('sendCommand'), 'a Redis client: use RedisStore'],
    [{ $client: {}, select() {} }, 'a database of Drizzle: pass its $client'],
    [{}, 'of an unknown kind'],
    [42, 'of an unknown kind']
  ]
  for (const [client, what] of strangers) {
    t.throws(() => new PostgresStore({ client: client as PostgresClient }), {
      code: 'FST_SESSION_OPTIONS',
      message: `PostgresStore: client is ${what}. ${SUPPORTED}`
    })
  }
})

t.test('an answer of query() without rows is an error that names the contract', async (t) => {
  for (const answer of [undefined, [], { rowCount: 0 }]) {
    const client = { query: async () => answer as unknown as { rows: [] } }
    await t.rejects(new PostgresStore({ client }).read('an-id', 60), {
      name: 'TypeError',
      message: 'PostgresStore: query() of the client must resolve to { rows }, with a list of objects'
    })
  }
})

t.test('the types of the supported clients fit the option, and an own object needs no annotations', async (t) => {
  const fits = (client: PostgresClient) => t.ok(client)
  const pool: NeonPool = new pg.Pool()
  fits(pool)
  fits(new pg.Client())
  fits(postgres({ max: 1 }))
  fits({ query: async ({ text, values }) => ({ rows: [text, values] }) })
  await pool.end()
})
