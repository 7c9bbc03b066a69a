import type { HttpEffort } from './measures/http.ts'
import type { Effort } from './measures/speed.ts'
import type { Size } from './scenarios/session-data.ts'

/** How much one run measures. */
export interface RunEffort {
  readonly http: HttpEffort
  /** How many new processes each column gets. */
  readonly coldRounds: number
  readonly speed: Effort
  readonly databases: Effort
  /** Sizes of the sessions in process. */
  readonly sizes: readonly Size[]
  /** How many sessions the InMemoryStore holds in each round. */
  readonly sessions: readonly number[]
  /** About how many seconds each part takes on an idle machine with two cores. */
  readonly seconds: Readonly<Record<'http' | 'cold' | 'databases' | 'scenario' | 'memory', number>>
}

/** Takes about eight minutes. */
export const FULL: RunEffort = {
  http: { rounds: 5, turn: 450, warmUp: 400 },
  coldRounds: 5,
  speed: { rounds: 9, turn: 20, warmUp: { requests: 6_000, time: 900 } },
  databases: { rounds: 9, turn: 25, warmUp: { requests: 3_000, time: 600 } },
  sizes: [200, 4_096],
  sessions: [1_000, 100_000, 1_000_000],
  seconds: { http: 215, cold: 60, databases: 35, scenario: 12, memory: 25 }
}

/** Takes about a minute. */
export const QUICK: RunEffort = {
  http: { rounds: 3, turn: 250, warmUp: 300 },
  coldRounds: 1,
  speed: { rounds: 4, turn: 15, warmUp: { requests: 3_000, time: 700 } },
  databases: { rounds: 5, turn: 20, warmUp: { requests: 2_000, time: 500 } },
  sizes: [200],
  sessions: [1_000, 100_000],
  seconds: { http: 45, cold: 10, databases: 20, scenario: 8, memory: 5 }
}
