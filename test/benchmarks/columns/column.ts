import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { createClient } from 'redis'
import type { Effects, Scenario } from '../scenarios/scenarios.ts'
import type { BenchData } from '../scenarios/session-data.ts'
import type { Application } from './application.ts'

export type NodeRedis = ReturnType<typeof createClient>

/** What a column is opened with. A client is only there for a column that needs it. */
export interface Bench {
  /** Wraps every store. It counts calls while a column is proven, and does nothing while the column is measured. */
  counted<Store extends object>(store: Store): Store
  /** @returns a new object on each call */
  newData(): BenchData
  /** Whether sessions end after inactivity, as S4 needs. */
  readonly rolling: boolean
  readonly ioredis: Redis
  readonly nodeRedis: NodeRedis
  readonly postgres: Pool
}

/** A kind of application with a route for each scenario, `/S0` and so on. Each is one row of the report's tables. */
export interface Column {
  readonly name: string
  readonly kind: 'control' | 'ours' | 'limit' | 'peer'
  readonly effects: Effects
  /** Whether there are sessions. If so, `/S1` answers with `visits`; otherwise with 'ok'. */
  readonly keepsSessions: boolean
  /** Whether the cookie holds the session. Then 4 KB do not fit, and an old cookie stays valid. */
  readonly inCookie?: boolean
  /** The only scenarios in which this column differs from another one. Without them, all. */
  readonly scenarios?: readonly Scenario[]
  readonly needs?: 'ioredis' | 'node-redis' | 'postgres'
  /** The bare route of this framework is subtracted from the column's cost. */
  readonly framework: 'Fastify' | 'Express'
  open(bench: Bench): Promise<Application>
}
