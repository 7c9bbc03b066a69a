import { SUPERUSER } from '../../support/postgres-server.ts'
import type { Bench, Column } from '../columns/column.ts'
import { ALL_COLUMNS } from '../columns/index.ts'
import { dataOfSize, type Size } from '../scenarios/session-data.ts'

/** The servers on 127.0.0.1 that columns need. A port is missing if the server does not run. */
export interface Ports {
  readonly redis?: number | undefined
  readonly postgres?: number | undefined
}

/** The only argument of a process with one column, as JSON. */
export interface Setup {
  readonly column: string
  readonly size: Size
  readonly rolling: boolean
  readonly ports: Ports
}

/** Finds the column that this process is for, and connects the Redis client that the column needs. */
export async function columnOfProcess(): Promise<Setup & { found: Column; bench: Omit<Bench, 'counted'> }> {
  const setup = JSON.parse(process.argv[2]!) as Setup
  const found = ALL_COLUMNS.find(({ name }) => name === setup.column)!
  const client = await clientFor(found.needs, setup.ports)
  // A client is only loaded for a column that needs it. The other columns never ask for one, so the cast is safe.
  const bench = { newData: dataOfSize(setup.size), rolling: setup.rolling, ...client } as Omit<Bench, 'counted'>
  return { ...setup, found, bench }
}

async function clientFor(needs: Column['needs'], { redis, postgres }: Ports): Promise<Partial<Bench>> {
  const address = { host: '127.0.0.1', port: redis! }
  if (needs === 'ioredis') return { ioredis: new (await import('ioredis')).Redis(address) }
  if (needs === 'node-redis') {
    return { nodeRedis: await (await import('redis')).createClient({ socket: address }).connect() }
  }
  if (needs === 'postgres') {
    const { default: pg } = await import('pg')
    return { postgres: new pg.Pool({ host: '127.0.0.1', port: postgres!, user: SUPERUSER, database: SUPERUSER }) }
  }
  return {}
}

/** For measurements, which must not pay for the counting. */
export const uncounted = <Store extends object>(store: Store): Store => store
