import { bareOf, baseFor } from '../columns/baseline.ts'
import type { Column } from '../columns/column.ts'
import { BARE, BARE_EXPRESS } from '../columns/index.ts'
import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import type { Size } from '../scenarios/session-data.ts'

/** The figures of one scenario, in microseconds of CPU time for each request. */
export interface Speed {
  readonly scenario: Scenario
  readonly size: Size
  /** What a whole request costs with bare Fastify. */
  readonly bare: Sample
  /** What each column costs above a bare route of the same framework, by the column's name. */
  readonly above: ReadonlyMap<string, Sample>
}

/** What a whole request cost in one round, by the column's name. */
export type Costs = ReadonlyMap<string, number>

type Comparison = Pick<Speed, 'bare' | 'above'>

const costIn = (costs: Costs) => (column: Column) => costs.get(column.name)!

/** Compares all columns with the bare route of the same round, because a busy machine slows down both. */
export const compare = (rounds: readonly Costs[], columns: readonly Column[]): Comparison =>
  compareWith(rounds, columns, (column, costs) => baseFor(column, costIn(costs)))

/**
 * Compares all columns with the median of the bare route. For costs that vary because V8 compiles at another time in each
 * process: the bare route of the same round has nothing to do with that.
 */
export const compareWithMedian = (rounds: readonly Costs[], columns: readonly Column[]): Comparison =>
  compareWith(rounds, columns, (column) => sampleOf(rounds.map((costs) => baseFor(column, costIn(costs)))).median)

function compareWith(
  rounds: readonly Costs[],
  columns: readonly Column[],
  baseOf: (column: Column, costs: Costs) => number
): Comparison {
  const above = (column: Column): Sample =>
    sampleOf(rounds.map((costs) => costs.get(column.name)! - baseOf(column, costs)))
  const compared = columns.filter((column) => column !== BARE && column !== BARE_EXPRESS)
  return {
    bare: sampleOf(rounds.map((costs) => bareOf(costIn(costs)))),
    above: new Map(compared.map((column) => [column.name, above(column)]))
  }
}
