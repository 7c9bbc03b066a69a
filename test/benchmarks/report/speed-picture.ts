import type { Column } from '../columns/column.ts'
import { limitInEncryptedCookie } from '../columns/limits/cookie.ts'
import { limitInMemory } from '../columns/limits/memory.ts'
import { limitInNodeRedis } from '../columns/limits/redis.ts'
import { oursInAesGcmCookie, oursInMemory, oursInNodeRedis } from '../columns/ours.ts'
import { expressSessionInMemory } from '../columns/peers/express-session.ts'
import { fastifySessionInMemory, fastifySessionInRedis } from '../columns/peers/fastify-session.ts'
import { ironSessionInCookie } from '../columns/peers/iron-session.ts'
import { secureSessionInCookie } from '../columns/peers/secure-session.ts'
import type { Speed } from '../measures/speed.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { type Bar, barChart } from './picture.ts'

const MEMORY = [oursInMemory, limitInMemory, fastifySessionInMemory, expressSessionInMemory]
const REDIS = [oursInNodeRedis, limitInNodeRedis, fastifySessionInRedis]
const COOKIE = [oursInAesGcmCookie, limitInEncryptedCookie, secureSessionInCookie, ironSessionInCookie]

const GROUPS: readonly (readonly [string, Scenario, readonly Column[]])[] = [
  ['A route that does not touch the session', 'S0', MEMORY],
  ['Read a key: memory', 'S1', MEMORY],
  ['Change a key: memory', 'S2', MEMORY],
  ['Read a key: Redis, node-redis', 'S1', REDIS],
  ['Change a key: Redis, node-redis', 'S2', REDIS],
  ['Read a key: encrypted cookie', 'S1', COOKIE],
  ['Change a key: encrypted cookie', 'S2', COOKIE]
]

export function speedPicture(speeds: readonly Speed[]): string {
  const barOf = (scenario: Scenario, { name, kind }: Column): Bar[] => {
    const sample = speeds.find((speed) => speed.scenario === scenario && speed.size === 200)?.above.get(name)
    if (sample === undefined || kind === 'control') return []
    return [{ name: kind === 'ours' ? 'fastify-starsessions' : name.replace(/,.*/, ''), kind, value: sample.median }]
  }
  return barChart(
    'µs of CPU time a request, above a bare route: less is better',
    GROUPS.map(([title, scenario, columns]) => ({ title, bars: columns.flatMap((column) => barOf(scenario, column)) }))
  )
}
