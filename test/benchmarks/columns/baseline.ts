import type { Column } from './column.ts'
import { AGAIN, BARE, BARE_EXPRESS } from './index.ts'

/** The mean of both columns of bare Fastify. */
export const bareOf = (figureOf: (column: Column) => number): number => (figureOf(BARE) + figureOf(AGAIN)) / 2

/**
 * The figure that a column is compared with: a bare route of its framework. The two columns of bare
 * Fastify are compared with the first of them.
 * @param figureOf the figure of any column in the same round
 */
export function baseFor(column: Column, figureOf: (column: Column) => number): number {
  if (column.framework === 'Express') return figureOf(BARE_EXPRESS)
  return column === BARE || column === AGAIN ? figureOf(BARE) : bareOf(figureOf)
}
