import type { Column } from '../columns/column.ts'
import { fastifyCookieAlone } from '../columns/fastify-cookie.ts'
import {
  pluginInAesGcmCookie,
  pluginInIoredis,
  pluginInMemory,
  pluginInNodeRedis,
  pluginInSignedCookie
} from '../columns/limits/plugin.ts'
import {
  oursInAesGcmCookie,
  oursInIoredis,
  oursInMemory,
  oursInNodeRedis,
  oursInPostgres,
  oursInSignedCookie,
  oursInSodiumCookie
} from '../columns/ours.ts'
import {
  fastifySessionInMemory,
  fastifySessionInPostgres,
  fastifySessionInRedis
} from '../columns/peers/fastify-session.ts'
import { mgcreaSessionInCookie, mgcreaSessionInMemory } from '../columns/peers/mgcrea-session.ts'
import { secureSessionInCookie } from '../columns/peers/secure-session.ts'
import type { Speed } from '../measures/comparison.ts'
import type { Sample } from './statistics.ts'
import type { Section } from './table.ts'

/** Each of our columns, with a column that it is compared with. */
const PAIRS: readonly (readonly [Column, Column])[] = [
  [oursInMemory, pluginInMemory],
  [oursInMemory, fastifySessionInMemory],
  [oursInMemory, mgcreaSessionInMemory],
  [oursInMemory, fastifyCookieAlone],
  [oursInIoredis, pluginInIoredis],
  [oursInNodeRedis, pluginInNodeRedis],
  [oursInNodeRedis, fastifySessionInRedis],
  [oursInPostgres, fastifySessionInPostgres],
  [oursInSignedCookie, pluginInSignedCookie],
  [oursInSignedCookie, secureSessionInCookie],
  [oursInAesGcmCookie, pluginInAesGcmCookie],
  [oursInSodiumCookie, secureSessionInCookie],
  [oursInSodiumCookie, mgcreaSessionInCookie]
]

/** A column of figures in a table. */
export interface Figures {
  readonly head: string
  readonly speed: Speed
}

const text = (sample: Sample | undefined): string =>
  sample === undefined ? '-' : `${sample.median.toFixed(1)} ± ${sample.spread.toFixed(1)}`

/** No ratio if the divisor is too small to mean anything, or if our own cost is negative. */
export function ratio(part: Sample | undefined, whole: Sample | undefined): string {
  if (part === undefined || whole === undefined) return '-'
  if (whole.median <= whole.spread || whole.median < 0.2 || part.median < 0) return '-'
  return (part.median / whole.median).toFixed(2)
}

const namesOf = (figures: readonly Figures[]): string[] => [
  ...new Set(figures.flatMap(({ speed }) => [...speed.above.keys()]))
]

export const costSection = (title: string, note: string, figures: readonly Figures[]): Section => ({
  title,
  note,
  rows: [
    ['', ...figures.map(({ head }) => head)],
    ['bare Fastify, the whole request', ...figures.map(({ speed }) => text(speed.bare))],
    ...namesOf(figures).map((name) => [name, ...figures.map(({ speed }) => text(speed.above.get(name)))])
  ]
})

export function ratioSection(title: string, figures: readonly Figures[]): Section {
  const names = namesOf(figures)
  const known = PAIRS.filter((pair) => pair.every(({ name }) => names.includes(name)))
  return {
    title,
    note: 'Our cost divided by the other: below 1, ours is cheaper. `-`: one of them is too small for it.',
    rows: [
      ['', ...figures.map(({ head }) => head)],
      ...known.map(([ours, other]) => [
        `${ours.name} / ${other.name}`,
        ...figures.map(({ speed }) => ratio(speed.above.get(ours.name), speed.above.get(other.name)))
      ])
    ]
  }
}
