import type { Column } from '../columns/column.ts'
import { fastifyCookieAlone } from '../columns/fastify-cookie.ts'
import { limitInEncryptedCookie, limitInSignedCookie } from '../columns/limits/cookie.ts'
import { limitInMemory } from '../columns/limits/memory.ts'
import { limitInPlugin } from '../columns/limits/plugin.ts'
import { limitInIoredis, limitInNodeRedis } from '../columns/limits/redis.ts'
import {
  oursInAesGcmCookie,
  oursInIoredis,
  oursInMemory,
  oursInNodeRedis,
  oursInSignedCookie
} from '../columns/ours.ts'
import { fastifySessionInMemory, fastifySessionInRedis } from '../columns/peers/fastify-session.ts'
import { secureSessionInCookie } from '../columns/peers/secure-session.ts'
import type { Speed } from '../measures/speed.ts'
import type { Sample } from './statistics.ts'
import type { Section } from './table.ts'

/** Each of our columns, with a column that it is compared with. */
const PAIRS: readonly (readonly [Column, Column])[] = [
  [oursInMemory, limitInMemory],
  [oursInMemory, limitInPlugin],
  [oursInMemory, fastifySessionInMemory],
  [oursInMemory, fastifyCookieAlone],
  [oursInIoredis, limitInIoredis],
  [oursInNodeRedis, limitInNodeRedis],
  [oursInNodeRedis, fastifySessionInRedis],
  [oursInSignedCookie, limitInSignedCookie],
  [oursInSignedCookie, secureSessionInCookie],
  [oursInAesGcmCookie, limitInEncryptedCookie]
]

const text = (sample: Sample | undefined): string =>
  sample === undefined ? '-' : `${sample.median.toFixed(1)} ± ${sample.spread.toFixed(1)}`

/** No ratio if the divisor is too small to mean anything, or if our own cost is negative. */
export function ratio(part: Sample | undefined, whole: Sample | undefined): string {
  if (part === undefined || whole === undefined) return '-'
  if (whole.median <= whole.spread || whole.median < 0.2 || part.median < 0) return '-'
  return (part.median / whole.median).toFixed(2)
}

const headOf = ({ scenario, size }: Speed): string => (size === 200 ? scenario : `${scenario}, 4 KB`)
const namesOf = (speeds: readonly Speed[]): string[] => [...new Set(speeds.flatMap(({ above }) => [...above.keys()]))]

export const speedSection = (speeds: readonly Speed[], rounds: number): Section => ({
  title: 'CPU time, in process',
  note: `Microseconds a request above a bare route of the same framework: median of ${rounds} interleaved rounds ± half the interquartile range. Each request is one of Node's own, handed to the application without a connection. "By hand" is what the scenario needs, without a plugin; "a plugin by hand" is the least of one that is built as ours is: two hooks, a store that is asked with promises, a comparison, and the headers for caches, but no check, no merging and no tombstone. Each column is one process.`,
  rows: [
    ['', ...speeds.map(headOf)],
    ['bare Fastify, the whole request', ...speeds.map(({ bare }) => text(bare))],
    ...namesOf(speeds).map((name) => [name, ...speeds.map(({ above }) => text(above.get(name)))])
  ]
})

export function ratioSection(speeds: readonly Speed[]): Section {
  const names = namesOf(speeds)
  const known = PAIRS.filter((pair) => pair.every(({ name }) => names.includes(name)))
  return {
    title: 'Ratios',
    note: 'Ours divided by the other. `-`: one of them is too small for it.',
    rows: [
      ['', ...speeds.map(headOf)],
      ...known.map(([ours, other]) => [
        `${ours.name} / ${other.name}`,
        ...speeds.map(({ above }) => ratio(above.get(ours.name), above.get(other.name)))
      ])
    ]
  }
}
