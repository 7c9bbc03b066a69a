import type { HttpEffort } from './http.ts'
import type { Size } from './session-data.ts'
import type { Effort } from './speed.ts'

/** How much of everything one run does. */
export interface RunEffort {
  /** Of each process, before anything is measured. */
  readonly warmUp: number
  /**
   * Several, since a neighbour that takes the processor away spoils some of them, which the median passes over; but few
   * enough to be long: a round has to hold its share of garbage collections, which come once in some hundred requests and
   * cost as much as a hundred.
   */
  readonly rounds: number
  /** Measured for the CPU time, of all columns and scenarios: what is left out makes the rest more exact. */
  readonly requests: number
  readonly sizes: readonly Size[]
  readonly http: HttpEffort
  /** In an InMemoryStore. */
  readonly sessions: readonly number[]
}

/** After so many requests V8 has compiled what it is going to, also of the larger ones: before, they cost twice as much. */
const WARM = 8_000

/** Three to six minutes on an idle machine with two cores. */
export const FULL: RunEffort = {
  warmUp: WARM,
  rounds: 8,
  requests: 600_000,
  sizes: [200, 4_096],
  http: { rounds: 3, seconds: 1 },
  sessions: [1_000, 100_000, 1_000_000]
}

/** About half a minute. */
export const QUICK: RunEffort = {
  warmUp: 3_000,
  rounds: 4,
  requests: 120_000,
  sizes: [200],
  http: { rounds: 1, seconds: 1 },
  sessions: [1_000, 100_000]
}

/** In one round. */
const MOST_REQUESTS = 3_000

/** @param cells scenarios of columns that share the requests */
export function effortOf({ warmUp, rounds, requests }: RunEffort, cells: number): Effort {
  return { warmUp, rounds, requests: Math.min(MOST_REQUESTS, Math.round(requests / rounds / cells)) }
}
