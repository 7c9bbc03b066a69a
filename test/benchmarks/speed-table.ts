import { fastifyCookieAlone } from './columns/fastify-cookie.ts'
import { fastifySessionInMemory } from './columns/fastify-session.ts'
import { limitInCookie } from './columns/limit-cookie.ts'
import { limitInMemory } from './columns/limit-memory.ts'
import { limitInRedis } from './columns/limit-redis.ts'
import { oursInCookie, oursInMemory, oursInRedis, oursInRedisByNodeRedis } from './columns/ours.ts'
import type { Speed } from './speed.ts'
import type { Sample } from './statistics.ts'
import { table } from './table.ts'

const RATIOS = [
  [oursInMemory, fastifySessionInMemory],
  [oursInMemory, fastifyCookieAlone],
  [oursInMemory, limitInMemory],
  [oursInCookie, limitInCookie],
  [oursInRedis, limitInRedis],
  [oursInRedisByNodeRedis, oursInRedis]
] as const

const text = ({ median, spread }: Sample): string => `${median.toFixed(1)} ± ${spread.toFixed(1)}`

/** A share of next to nothing says nothing. */
function ratio(part: Sample | undefined, whole: Sample | undefined): string {
  if (part === undefined || whole === undefined || whole.median <= whole.spread || whole.median < 0.2) return '-'
  return (part.median / whole.median).toFixed(2)
}

export function speedTable(speeds: readonly Speed[]): string {
  const names = [...(speeds[0]?.above.keys() ?? [])]
  return table([
    ['µs of CPU time a request', ...speeds.map(({ scenario }) => scenario)],
    ['bare Fastify, the whole request', ...speeds.map(({ bare }) => text(bare))],
    ...names.map((name) => [`  + ${name}`, ...speeds.map(({ above }) => text(above.get(name)!))]),
    ...RATIOS.filter(([ours]) => names.includes(ours.name)).map(([ours, other]) => [
      `${ours.name} / ${other.name}`,
      ...speeds.map(({ above }) => ratio(above.get(ours.name), above.get(other.name)))
    ])
  ])
}
