/** S3 is measured last, because the sessions that it creates stay in the store. */
export const SCENARIOS = ['S0', 'S1', 'S2', 'S4', 'S5', 'S3'] as const

export type Scenario = (typeof SCENARIOS)[number]

export const WHAT: Readonly<Record<Scenario, string>> = {
  S0: 'a route that does not touch the session; the cookie is sent',
  S1: 'read a key',
  S2: 'change a key',
  S3: 'a new session; no cookie is sent',
  S4: 'read a key; the session is rolling',
  S5: 'login: a new id, and a write'
}

/** What a scenario does in one column. Each column proves this before it is measured. */
export interface Effect {
  /** Store calls that read. They may also prolong the session. */
  readonly reads: number
  /** All other store calls. */
  readonly changes: number
  readonly setsCookie: boolean
}

export type Effects = Readonly<Record<Scenario, Effect>>
