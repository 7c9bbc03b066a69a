import type { Column } from './column.ts'
import { AGAIN, BARE, BARE_EXPRESS } from './index.ts'

/** What both columns of bare Fastify come to. */
export const bareOf = (figureOf: (column: Column) => number): number => (figureOf(BARE) + figureOf(AGAIN)) / 2

/**
 * What a column is compared with: a bare route of its framework. Of bare Fastify's two, the one is compared with the other.
 * @param figureOf of any column, in the same round
 */
export function baseFor(column: Column, figureOf: (column: Column) => number): number {
  if (column.framework === 'Express') return figureOf(BARE_EXPRESS)
  return column === BARE || column === AGAIN ? figureOf(BARE) : bareOf(figureOf)
}
