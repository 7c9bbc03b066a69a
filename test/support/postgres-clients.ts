import pg from 'pg'
import postgres from 'postgres'
import type { PostgresStoreOptions } from '../../types/stores/postgres.ts'
import type { PostgresServer } from './postgres-server.ts'

export interface PostgresAccess {
  readonly options: Pick<PostgresStoreOptions, 'client' | 'prepare'>
  close(): Promise<void>
}

type Address = PostgresServer['connection']

/** The settings from docs/stores/postgres.md. */
const SETTINGS = { max: 10, connectionTimeoutMillis: 2_000, statement_timeout: 2_000, keepAlive: true }

export function pgPool(address: Address, settings: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ ...address, ...SETTINGS, ...settings })
  pool.on('error', () => undefined)
  return pool
}

const pool =
  (prepare: boolean) =>
  async (address: Address): Promise<PostgresAccess> => {
    const client = pgPool(address)
    return { options: { client, prepare }, close: () => client.end() }
  }

const single = async (address: Address): Promise<PostgresAccess> => {
  const client = new pg.Client(address)
  client.on('error', () => undefined)
  await client.connect()
  return { options: { client }, close: () => client.end() }
}

const postgresJs =
  (prepare: boolean) =>
  async ({ user, ...address }: Address): Promise<PostgresAccess> => {
    const client = postgres({ ...address, username: user, max: 10, connect_timeout: 2, onnotice: () => undefined })
    return { options: { client, prepare }, close: () => client.end() }
  }

/** An object that an application with another library would write. */
const own = async (address: Address): Promise<PostgresAccess> => {
  const below = pgPool(address)
  const client = { query: ({ text, values }: { text: string; values: unknown[] }) => below.query(text, values) }
  return { options: { client }, close: () => below.end() }
}

/** Each kind of client for a server. */
export const POSTGRES_CLIENTS: Readonly<Record<string, (address: Address) => Promise<PostgresAccess>>> = {
  'a pool of pg': pool(true),
  'a pool of pg, not prepared': pool(false),
  'a client of pg': single,
  'postgres.js': postgresJs(true),
  'postgres.js, not prepared': postgresJs(false),
  'an object with query()': own
}
