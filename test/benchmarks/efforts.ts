import type { HttpEffort } from './http.ts'
import type { Size } from './session-data.ts'
import type { Effort } from './speed.ts'

/** How much of everything one run does. */
export interface RunEffort {
  readonly speed: Effort
  readonly sizes: readonly Size[]
  readonly http: HttpEffort
  /** In an InMemoryStore. */
  readonly sessions: readonly number[]
}

/** About 3 minutes on an idle machine with two cores. */
export const FULL: RunEffort = {
  speed: { passes: 2, rounds: 5, requests: 400, warmUp: 2_500 },
  sizes: [200, 4_096],
  http: { rounds: 2, seconds: 1 },
  sessions: [1_000, 100_000, 1_000_000]
}

/** About half a minute. */
export const QUICK: RunEffort = {
  speed: { passes: 1, rounds: 7, requests: 200, warmUp: 1_500 },
  sizes: [200],
  http: { rounds: 1, seconds: 1 },
  sessions: [1_000, 100_000]
}
