import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import type { Effects } from '../scenarios.ts'

export interface Bench {
  /** Around every store: counts its calls while a column is proven, and is nothing while it is measured. */
  counted<Store extends object>(store: Store): Store
  /** Connected; only for a column that needs it. */
  readonly redis: Redis
}

/** One row of the table: an application with a route for each scenario, `/S0` and so on. */
export interface Column {
  readonly name: string
  readonly effects: Effects
  /** `/S1` answers with `visits`; without sessions, it answers as the others do. */
  readonly keepsSessions: boolean
  /** An id outlives its rotation: a cookie store cannot take it back. */
  readonly oldIdLives?: boolean
  readonly needsRedis?: boolean
  open(bench: Bench): Promise<FastifyInstance>
}
