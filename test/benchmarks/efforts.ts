import type { HttpEffort } from './measures/http.ts'
import type { Effort } from './measures/speed.ts'
import type { Size } from './scenarios/session-data.ts'

/** How much one run measures. */
export interface RunEffort {
  readonly speed: Effort
  readonly sizes: readonly Size[]
  readonly http: HttpEffort
  /** How many sessions the InMemoryStore holds in each round. */
  readonly sessions: readonly number[]
}

/** Takes three to four minutes on an idle machine with two cores. */
export const FULL: RunEffort = {
  speed: { rounds: 9, turn: 20, warmUp: { requests: 6_000, time: 1_200 } },
  sizes: [200, 4_096],
  http: { rounds: 3, seconds: 0.8 },
  sessions: [1_000, 100_000, 1_000_000]
}

/** Takes about half a minute. */
export const QUICK: RunEffort = {
  speed: { rounds: 4, turn: 15, warmUp: { requests: 3_000, time: 700 } },
  sizes: [200],
  http: { rounds: 1, seconds: 0.8 },
  sessions: [1_000, 100_000]
}
