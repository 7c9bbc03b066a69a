import type { Column } from './columns/column.ts'
import { AGAIN } from './columns/index.ts'
import {
  pluginInAesGcmCookie,
  pluginInIoredis,
  pluginInMemory,
  pluginInNodeRedis,
  pluginInSignedCookie
} from './columns/limits/plugin.ts'
import {
  oursInAesGcmCookie,
  oursInIoredis,
  oursInMemory,
  oursInNodeRedis,
  oursInPostgres,
  oursInSignedCookie,
  oursInSodiumCookie,
  oursInSqlite,
  oursRollingNowAndThen
} from './columns/ours.ts'
import { expressSessionInMemory, expressSessionInRedis } from './columns/peers/express-session.ts'
import {
  fastifySessionInMemory,
  fastifySessionInPostgres,
  fastifySessionInRedis
} from './columns/peers/fastify-session.ts'
import { mgcreaSessionInMemory } from './columns/peers/mgcrea-session.ts'
import { secureSessionInCookie } from './columns/peers/secure-session.ts'
import type { Speed } from './measures/comparison.ts'
import type { DatabaseSpeed } from './measures/databases.ts'
import type { Import } from './measures/imports.ts'
import type { Memory } from './measures/memory-process.ts'
import type { Traffic } from './measures/redis-traffic.ts'
import type { Sample } from './report/statistics.ts'
import type { Scenario } from './scenarios/scenarios.ts'

/** A goal of this project, and the figure that a run has reached. */
export interface Check {
  /** What is measured, or how. */
  readonly where: string
  readonly what: string
  readonly limit: number
  readonly unit: string
  readonly reached: number
  /** If absent, less is better. */
  readonly moreIsBetter?: true
  /** Two equal columns differ by more than the figure differs from the goal, so the figure proves nothing. */
  readonly isNoise?: boolean
}

/** The cost of one column divided by the cost of another: at most `limit` in each of the scenarios. */
interface RatioGoal {
  readonly ours: Column
  readonly other: Column
  readonly scenarios: readonly Scenario[]
  readonly limit: number
}

const EACH: readonly Scenario[] = ['S1', 'S2', 'S3', 'S4', 'S5']
const COMMON: readonly Scenario[] = ['S1', 'S2', 'S5']

const pair = (ours: Column, other: Column, scenarios: readonly Scenario[], limit: number): RatioGoal[] =>
  scenarios.map((scenario) => ({ ours, other, scenarios: [scenario], limit }))

const HTTP_RATIOS: readonly RatioGoal[] = [
  ...pair(oursInMemory, fastifySessionInMemory, ['S0'], 0.05),
  ...pair(oursInMemory, fastifySessionInMemory, COMMON, 0.6),
  ...pair(oursInMemory, mgcreaSessionInMemory, ['S1'], 0.6),
  ...pair(oursInMemory, mgcreaSessionInMemory, ['S2'], 0.9),
  ...pair(oursInNodeRedis, fastifySessionInRedis, ['S0'], 0.05),
  ...pair(oursInNodeRedis, fastifySessionInRedis, COMMON, 0.6),
  ...pair(oursInPostgres, fastifySessionInPostgres, COMMON, 1),
  ...pair(oursInSodiumCookie, secureSessionInCookie, ['S0'], 0.05),
  ...pair(oursInSodiumCookie, secureSessionInCookie, COMMON, 1)
]

/** In processes that have just started, the same columns may differ less. */
const COLD_LIMIT = 0.9
const COLD_RATIOS = HTTP_RATIOS.filter(({ scenarios }) => !scenarios.includes('S0')).map((goal) => ({
  ...goal,
  limit: COLD_LIMIT
}))

const IN_PROCESS_RATIOS: readonly RatioGoal[] = [
  { ours: oursInMemory, other: fastifySessionInMemory, scenarios: EACH, limit: 0.6 },
  { ours: oursInMemory, other: expressSessionInMemory, scenarios: EACH, limit: 0.6 },
  { ours: oursInNodeRedis, other: fastifySessionInRedis, scenarios: EACH, limit: 0.6 },
  { ours: oursInNodeRedis, other: expressSessionInRedis, scenarios: EACH, limit: 0.6 },
  ...pair(oursInMemory, pluginInMemory, ['S1'], 1.3),
  ...pair(oursInMemory, pluginInMemory, ['S2'], 1.9),
  ...pair(oursInMemory, pluginInMemory, ['S5'], 2.5),
  ...pair(oursInMemory, pluginInMemory, ['S3'], 1.7),
  ...pair(oursInMemory, pluginInMemory, ['S4'], 1.6),
  { ours: oursInNodeRedis, other: pluginInNodeRedis, scenarios: EACH, limit: 2 },
  { ours: oursInIoredis, other: pluginInIoredis, scenarios: EACH, limit: 2 },
  { ours: oursInSignedCookie, other: pluginInSignedCookie, scenarios: EACH, limit: 2 },
  { ours: oursInAesGcmCookie, other: pluginInAesGcmCookie, scenarios: EACH, limit: 1.7 },
  ...pair(oursInSodiumCookie, secureSessionInCookie, ['S0'], 0.1),
  { ours: oursInSodiumCookie, other: secureSessionInCookie, scenarios: EACH, limit: 1 }
]

/** In process, the CPU time of the application. */
const DATABASE_RATIOS: readonly RatioGoal[] = [
  ...EACH.flatMap((scenario) => pair(oursInPostgres, fastifySessionInPostgres, [scenario], 1)),
  ...pair(oursInSqlite, oursInNodeRedis, ['S1'], 2)
]

/** The CPU time of the database server. S1 reads, S2 reads and writes, S3 only writes. */
const SERVER_RATIOS: readonly RatioGoal[] = (['S1', 'S2', 'S3'] as const).flatMap((scenario) =>
  pair(oursInPostgres, fastifySessionInPostgres, [scenario], 0.5)
)

/** How many requests a busy core still serves, as a share of those that it serves without sessions. */
const SHARES: readonly (readonly [Scenario, Column, number])[] = [
  ['S0', oursInMemory, 0.95],
  ['S1', oursInMemory, 0.68],
  ['S1', oursInNodeRedis, 0.6],
  ['S1', oursInSodiumCookie, 0.65]
]

/** In S4, the second command checks that the session has not ended meanwhile, because its cookie must not come back. */
const ROUND_TRIPS: Readonly<Record<Scenario, number>> = { S0: 0, S1: 1, S2: 2, S3: 1, S4: 2, S5: 2 }

const TRAFFIC_COLUMNS = [oursInIoredis, oursInNodeRedis, oursRollingNowAndThen]

/** Session data of this size were used for the goals in process. */
const SIZE_IN_PROCESS = 200

const HTTP = 'over HTTP'

export const httpChecks = (speeds: readonly Speed[]): Check[] => [
  ...ratioChecks(HTTP, HTTP_RATIOS, speeds),
  ...shareChecks(speeds)
]
export const coldChecks = (speeds: readonly Speed[]): Check[] => ratioChecks('cold', COLD_RATIOS, speeds)
export const inProcessChecks = (speeds: readonly Speed[]): Check[] =>
  ratioChecks(
    'in process',
    IN_PROCESS_RATIOS,
    speeds.filter(({ size }) => size === SIZE_IN_PROCESS)
  )

export const databaseChecks = (speeds: readonly DatabaseSpeed[]): Check[] => [
  ...spreadChecks('databases, application', DATABASE_RATIOS, speeds, ({ above }) => above),
  ...spreadChecks('databases, server', SERVER_RATIOS, speeds, ({ server }) => server)
]

/**
 * Unlike a bare route, a route with a database waits for another process, so its cost varies much more. The spread of
 * the two costs is the noise here.
 */
function spreadChecks(
  where: string,
  goals: readonly RatioGoal[],
  speeds: readonly DatabaseSpeed[],
  figuresOf: (speed: DatabaseSpeed) => ReadonlyMap<string, Sample>
): Check[] {
  return goals.flatMap(({ ours, other, scenarios, limit }) =>
    speeds.flatMap((speed) => {
      const [part, whole] = [figuresOf(speed).get(ours.name), figuresOf(speed).get(other.name)]
      if (!scenarios.includes(speed.scenario) || part === undefined || whole === undefined) return []
      const isNoise = Math.abs(part.median - limit * whole.median) < part.spread + limit * whole.spread
      const what = `${speed.scenario}, ${ours.name}`
      return [{ where, what, limit, unit: `× ${other.name}`, reached: part.median / whole.median, isNoise }]
    })
  )
}

/** What two equal columns differ by. */
function noiseOf({ above }: Speed): number {
  const { median, spread } = above.get(AGAIN.name)!
  return Math.max(Math.abs(median), spread)
}

/** @returns a check for each goal whose columns were measured. Of several scenarios, the worst one counts. */
function ratioChecks(where: string, goals: readonly RatioGoal[], speeds: readonly Speed[]): Check[] {
  return goals.flatMap(({ ours, other, scenarios, limit }) => {
    const found = speeds.flatMap((speed) => {
      const [part, whole] = [speed.above.get(ours.name), speed.above.get(other.name)]
      if (!scenarios.includes(speed.scenario) || part === undefined || whole === undefined) return []
      const isNoise = Math.abs(part.median - limit * whole.median) < noiseOf(speed)
      return [{ scenario: speed.scenario, reached: Math.max(0, part.median) / whole.median, isNoise }]
    })
    const [worst] = found.toSorted((a, b) => b.reached - a.reached)
    if (worst === undefined) return []
    const which = scenarios.length === 1 ? worst.scenario : `worst of ${found.length}: ${worst.scenario}`
    return [
      {
        where,
        what: `${which}, ${ours.name}`,
        limit,
        unit: `× ${other.name}`,
        reached: worst.reached,
        isNoise: worst.isNoise
      }
    ]
  })
}

const shareChecks = (speeds: readonly Speed[]): Check[] =>
  SHARES.flatMap(([scenario, column, limit]) => {
    const speed = speeds.find((one) => one.scenario === scenario)
    const cost = speed?.above.get(column.name)?.median
    if (speed === undefined || cost === undefined) return []
    const bare = speed.bare.median
    const isNoise = Math.abs(cost - (bare / limit - bare)) < noiseOf(speed)
    const reached = bare / (bare + cost)
    const what = `${scenario}, ${column.name}: share of the requests that a core serves`
    return [{ where: HTTP, what, limit, unit: '× bare Fastify', reached, moreIsBetter: true, isNoise }]
  })

export const trafficChecks = (traffic: readonly Traffic[]): Check[] =>
  traffic
    .filter(({ column }) => TRAFFIC_COLUMNS.some(({ name }) => name === column))
    .map(({ column, scenario, roundTrips }) => ({
      where: 'Redis',
      what: `${scenario}, ${column}`,
      limit: column === oursRollingNowAndThen.name ? 1 : ROUND_TRIPS[scenario],
      unit: 'round trips',
      // Redis also counts the few reads that a client needs for itself.
      reached: Math.round(roundTrips * 10) / 10
    }))

const SESSIONS = [1_000, 1_000_000]

export const memoryChecks = (memories: readonly Memory[]): Check[] =>
  memories
    .filter(({ sessions }) => SESSIONS.includes(sessions))
    .flatMap(({ sessions, bytesEach, read, rewrite, longestStallFilling }) => {
      const check = (what: string, limit: number, unit: string, reached: number): Check => ({
        where: 'InMemoryStore',
        what: `${sessions.toLocaleString('en')} sessions: ${what}`,
        limit,
        unit,
        reached
      })
      return [
        check('heap of each', 600, 'bytes', bytesEach),
        check('read', 1, 'µs', read),
        check('write over', 1, 'µs', rewrite),
        check('longest stall while they are written', 100, 'ms', longestStallFilling)
      ]
    })

export const importChecks = (imports: readonly Import[]): Check[] =>
  imports
    .filter(({ plugin }) => plugin === 'ours')
    .map(({ load }) => ({
      where: 'start',
      what: 'import of the package after Fastify',
      limit: 25,
      unit: 'ms of CPU time',
      reached: load.median
    }))
