import type { Column } from '../columns/column.ts'
import { oursInMemory, oursInNodeRedis, oursInSodiumCookie } from '../columns/ours.ts'
import { fastifySessionInMemory, fastifySessionInRedis } from '../columns/peers/fastify-session.ts'
import { mgcreaSessionInCookie, mgcreaSessionInMemory } from '../columns/peers/mgcrea-session.ts'
import { secureSessionInCookie } from '../columns/peers/secure-session.ts'
import type { Speed } from '../measures/comparison.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { type Bar, barChart } from './picture.ts'

const MEMORY = [oursInMemory, fastifySessionInMemory, mgcreaSessionInMemory]
const REDIS = [oursInNodeRedis, fastifySessionInRedis]
const COOKIE = [oursInSodiumCookie, secureSessionInCookie, mgcreaSessionInCookie]

const GROUPS: readonly (readonly [string, Scenario, readonly Column[]])[] = [
  ['A route that does not touch the session: memory', 'S0', MEMORY],
  ['Read a key: memory', 'S1', MEMORY],
  ['Change a key: memory', 'S2', MEMORY],
  ['Login: memory', 'S5', MEMORY],
  ['Read a key: Redis', 'S1', REDIS],
  ['Change a key: Redis', 'S2', REDIS],
  ['Login: Redis', 'S5', REDIS],
  ['Read a key: cookie sealed with libsodium', 'S1', COOKIE],
  ['Change a key: cookie sealed with libsodium', 'S2', COOKIE],
  ['Login: cookie sealed with libsodium', 'S5', COOKIE]
]

/** The picture at the top of docs/benchmarks.md. */
export function httpPicture(speeds: readonly Speed[]): string {
  const barOf = (scenario: Scenario, { name, kind }: Column): Bar[] => {
    const sample = speeds.find((speed) => speed.scenario === scenario)?.above.get(name)
    if (sample === undefined || kind === 'control') return []
    return [{ name: kind === 'ours' ? 'fastify-starsessions' : name.replace(/,.*/, ''), kind, value: sample.median }]
  }
  return barChart(
    'µs of CPU time a request over HTTP, above a bare route: less is better',
    GROUPS.map(([title, scenario, columns]) => ({ title, bars: columns.flatMap((column) => barOf(scenario, column)) }))
  )
}
