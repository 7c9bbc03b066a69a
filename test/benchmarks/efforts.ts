import type { HttpEffort } from './http.ts'
import type { Size } from './session-data.ts'
import type { Effort } from './speed.ts'

/** How much of everything one run does. */
export interface RunEffort {
  readonly passes: number
  /**
   * Of one pass. Several, since a neighbour that takes the processor away spoils some of them, which the median passes
   * over; but few enough to be long: a round has to hold its share of garbage collections, which come once in some
   * hundred requests and cost as much as a hundred.
   */
  readonly rounds: number
  /** For the CPU time, of all columns and scenarios: what is left out makes the rest more exact. */
  readonly requests: number
  readonly sizes: readonly Size[]
  readonly http: HttpEffort
  /** In an InMemoryStore. */
  readonly sessions: readonly number[]
}

/** About 3 minutes on an idle machine with two cores. */
export const FULL: RunEffort = {
  passes: 2,
  rounds: 4,
  requests: 800_000,
  sizes: [200, 4_096],
  http: { rounds: 3, seconds: 1 },
  sessions: [1_000, 100_000, 1_000_000]
}

/** About half a minute. */
export const QUICK: RunEffort = {
  passes: 1,
  rounds: 4,
  requests: 200_000,
  sizes: [200],
  http: { rounds: 1, seconds: 1 },
  sessions: [1_000, 100_000]
}

/** For a warm V8: most of it is compiled in the first thousands of requests. */
const WARM_UP = 0.3
const MOST_WARM_UP = 10_000
const MOST_REQUESTS = 3_000

/** @param cells scenarios of columns that share the requests */
export function effortOf({ passes, rounds, requests }: RunEffort, cells: number): Effort {
  const each = requests / passes / cells
  return {
    passes,
    rounds,
    warmUp: Math.min(MOST_WARM_UP, Math.round(each * WARM_UP)),
    requests: Math.min(MOST_REQUESTS, Math.round((each * (1 - WARM_UP)) / rounds))
  }
}
