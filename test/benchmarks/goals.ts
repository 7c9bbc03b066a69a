import type { Column } from './columns/column.ts'
import { AGAIN } from './columns/index.ts'
import { limitInEncryptedCookie } from './columns/limits/cookie.ts'
import { limitInIoredis, limitInNodeRedis } from './columns/limits/redis.ts'
import { oursInAesGcmCookie, oursInIoredis, oursInMemory, oursInNodeRedis, oursInSignedCookie } from './columns/ours.ts'
import type { HttpSpeed } from './measures/http.ts'
import type { Import } from './measures/imports.ts'
import type { Memory } from './measures/memory-process.ts'
import type { Traffic } from './measures/redis-traffic.ts'
import type { Speed } from './measures/speed.ts'
import type { Sample } from './report/statistics.ts'
import type { Section } from './report/table.ts'
import type { Scenario } from './scenarios/scenarios.ts'

/** A goal of this project, and the measured figure. */
export interface Check {
  readonly what: string
  readonly goal: number
  readonly unit: string
  readonly measured: number
  /** If absent, less is better. */
  readonly moreIsBetter?: true
  /** Two equal columns differ by more than the goal allows, so the figure proves nothing. */
  readonly isNoise?: boolean
}

/** Microseconds above a bare route, on the machine of docs/benchmarks.md. */
const COSTS: readonly (readonly [Scenario, Column, number])[] = [
  ['S0', oursInMemory, 0.6],
  ['S1', oursInMemory, 7],
  ['S2', oursInMemory, 12],
  ['S3', oursInMemory, 10],
  ['S5', oursInMemory, 15],
  ['S1', oursInSignedCookie, 14],
  ['S2', oursInSignedCookie, 22]
]

/** Our cost divided by the cost of the same work written by hand. */
const RATIOS: readonly (readonly [Scenario, Column, Column, number])[] = [
  ['S1', oursInIoredis, limitInIoredis, 1.3],
  ['S2', oursInIoredis, limitInIoredis, 1.2],
  ['S4', oursInIoredis, limitInIoredis, 1.4],
  ['S5', oursInIoredis, limitInIoredis, 1.3],
  ['S1', oursInNodeRedis, limitInNodeRedis, 1.3],
  ['S2', oursInNodeRedis, limitInNodeRedis, 1.2],
  ['S4', oursInNodeRedis, limitInNodeRedis, 1.4],
  ['S5', oursInNodeRedis, limitInNodeRedis, 1.3],
  ['S1', oursInAesGcmCookie, limitInEncryptedCookie, 1.3],
  ['S2', oursInAesGcmCookie, limitInEncryptedCookie, 1.3]
]

const SHARES: readonly (readonly [Scenario, Column, number])[] = [
  ['S0', oursInMemory, 0.95],
  ['S1', oursInMemory, 0.7],
  ['S1', oursInIoredis, 0.5],
  ['S1', oursInNodeRedis, 0.5]
]

const ROUND_TRIPS: Readonly<Record<Scenario, number>> = { S0: 0, S1: 1, S2: 2, S3: 1, S4: 2, S5: 3 }

export function speedChecks(speeds: readonly Speed[]): Check[] {
  const sample = (scenario: Scenario, { name }: Column): Sample | undefined =>
    speeds.find((speed) => speed.scenario === scenario && speed.size === 200)?.above.get(name)
  const above = (scenario: Scenario, column: Column): number | undefined => sample(scenario, column)?.median
  const isNoise = (scenario: Scenario, difference: number): boolean => {
    const { median, spread } = sample(scenario, AGAIN)!
    return Math.max(Math.abs(median), spread) > difference
  }
  return [
    ...COSTS.flatMap(([scenario, column, goal]) => {
      const measured = above(scenario, column)
      return measured === undefined
        ? []
        : [{ what: `${scenario} ${column.name}`, goal, unit: 'µs', measured, isNoise: isNoise(scenario, goal) }]
    }),
    ...RATIOS.flatMap(([scenario, column, limit, goal]) => {
      const [part, whole] = [above(scenario, column), above(scenario, limit)]
      if (part === undefined || whole === undefined) return []
      return [
        {
          what: `${scenario} ${column.name}`,
          goal,
          unit: `× ${limit.name}`,
          measured: part / whole,
          isNoise: isNoise(scenario, whole)
        }
      ]
    })
  ]
}

export const httpChecks = (speeds: readonly HttpSpeed[]): Check[] =>
  SHARES.flatMap(([scenario, column, goal]) => {
    const speed = speeds.find((one) => one.scenario === scenario && one.column === column.name)
    if (speed === undefined) return []
    const what = `${scenario} ${column.name}, over HTTP`
    const again = speeds.find((one) => one.scenario === scenario && one.column === AGAIN.name)!
    const isNoise = Math.max(Math.abs(again.share.median - 1), again.share.spread) > 1 - goal
    return [{ what, goal, unit: 'of bare Fastify', measured: speed.share.median, moreIsBetter: true, isNoise }]
  })

export const trafficChecks = (traffic: readonly Traffic[]): Check[] =>
  traffic
    .filter(({ column }) => column === oursInIoredis.name || column === oursInNodeRedis.name)
    .map(({ column, scenario, roundTrips }) => ({
      what: `${scenario} ${column}`,
      goal: ROUND_TRIPS[scenario],
      unit: 'round trips',
      measured: roundTrips
    }))

export const memoryChecks = (memories: readonly Memory[]): Check[] =>
  memories.flatMap(({ sessions, bytesEach, fullGc, read, rewrite, longestStallFilling, expiry }) => {
    const what = (text: string) => `${sessions.toLocaleString('en')} in memory: ${text}`
    return [
      { what: what('heap of each'), goal: 600, unit: 'bytes', measured: bytesEach },
      { what: what('a forced full garbage collection'), goal: 200, unit: 'ms', measured: fullGc },
      { what: what('read'), goal: 1, unit: 'µs', measured: read },
      { what: what('write over'), goal: 1, unit: 'µs', measured: rewrite },
      { what: what('longest stall while filling'), goal: 100, unit: 'ms', measured: longestStallFilling },
      { what: what('longest stall while expired ones are freed'), goal: 100, unit: 'ms', measured: expiry.longestStall }
    ]
  })

export const importChecks = (imports: readonly Import[]): Check[] =>
  imports
    .filter(({ plugin }) => plugin === 'ours')
    .map(({ load }) => ({ what: 'importing the package', goal: 25, unit: 'ms of CPU time', measured: load.median }))

/** Redis also counts the reads that a client needs for itself, so a count may be slightly above its goal. */
const TOLERANCE = 0.02

function isMet({ goal, measured, moreIsBetter }: Check): boolean {
  return moreIsBetter ? measured >= goal : measured <= goal + TOLERANCE
}

function verdict(check: Check): 'yes' | 'no' | 'noise' {
  if (check.isNoise) return 'noise'
  return isMet(check) ? 'yes' : 'no'
}

export const goalSection = (checks: readonly Check[]): Section => ({
  title: 'Goals',
  note: `${checks.filter((check) => verdict(check) === 'yes').length} of ${checks.length} are met. Noise: two equal columns differed by more than what is to be told apart.`,
  rows: [
    ['', 'goal', 'measured', 'unit', 'met'],
    ...checks.map((check) => [
      check.what,
      `${check.moreIsBetter ? '≥' : '≤'} ${check.goal}`,
      check.measured.toFixed(check.measured < 100 ? 2 : 0),
      check.unit,
      verdict(check)
    ])
  ]
})
