import type { Redis } from 'ioredis'
import type { createClient } from 'redis'
import type { Effects } from '../scenarios/scenarios.ts'
import type { BenchData } from '../scenarios/session-data.ts'
import type { Application } from './application.ts'

export type NodeRedis = ReturnType<typeof createClient>

/** What a column is opened with. The clients are connected, each only for a column that needs it. */
export interface Bench {
  /** Around every store: counts its calls while a column is proven, and is nothing while it is measured. */
  counted<Store extends object>(store: Store): Store
  /** An object of its own each time. */
  newData(): BenchData
  /** For S4: sessions end after inactivity. */
  readonly rolling: boolean
  readonly ioredis: Redis
  readonly nodeRedis: NodeRedis
}

/** One row of the table: an application with a route for each scenario, `/S0` and so on. */
export interface Column {
  readonly name: string
  readonly kind: 'control' | 'ours' | 'limit' | 'peer'
  readonly effects: Effects
  /** `/S1` answers with `visits`; without sessions, it answers as the others do. */
  readonly keepsSessions: boolean
  /** The session is in its cookie: 4 KB do not fit, and an old one cannot be taken back. */
  readonly inCookie?: boolean
  readonly needs?: 'ioredis' | 'node-redis'
  /** What its cost is measured above. */
  readonly framework: 'Fastify' | 'Express'
  open(bench: Bench): Promise<Application>
}
