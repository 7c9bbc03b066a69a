import { bareOf, baseFor } from '../columns/baseline.ts'
import type { Column } from '../columns/column.ts'
import { BARE, BARE_EXPRESS } from '../columns/index.ts'
import { progress } from '../report/progress.ts'
import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import type { Size } from '../scenarios/session-data.ts'
import { ColumnWorker } from './column-worker.ts'
import { requestsIn } from './turn.ts'

/** Of the warm-up, and to find out what a request costs. */
const BATCH = 200

export interface Effort {
  /** Several, since a neighbour that takes the processor away spoils some of them, which the median passes over. */
  readonly rounds: number
  /**
   * Milliseconds of CPU time, or about, that a column has in a round: so that no peer, however slow, takes the time of all.
   * Of a slow one the median passes over most garbage collections, too: one comes in some hundred requests.
   */
  readonly turn: number
  readonly warmUp: WarmUp
}

/**
 * Before anything is measured: until V8 has compiled what it is going to, the larger columns cost twice as much. It ends
 * with whichever comes first.
 */
export interface WarmUp {
  /** Of each scenario. */
  readonly requests: number
  /** Milliseconds of CPU time of each process, shared by its scenarios. */
  readonly time: number
}

/** What is measured in the same processes. */
export interface Group {
  readonly size: Size
  readonly scenarios: readonly Scenario[]
}

/** Of one scenario: microseconds of CPU time a request. */
export interface Speed {
  readonly scenario: Scenario
  readonly size: Size
  /** The whole request, of bare Fastify. */
  readonly bare: Sample
  /** Above a bare route of the same framework, for each column by name. */
  readonly above: ReadonlyMap<string, Sample>
}

/** What one round found out: the whole request, for each column by name. */
type Costs = ReadonlyMap<string, number>

/** Those whose sessions can be as large. */
const fitting = (columns: readonly Column[], size: Size): readonly Column[] =>
  columns.filter(({ inCookie }) => !inCookie || size === 200)

export async function measureSpeed(
  { size, scenarios }: Group,
  all: readonly Column[],
  effort: Effort,
  redisPort: number | undefined
): Promise<Speed[]> {
  const columns = fitting(all, size)
  const rolling = scenarios.includes('S4')
  progress(`${scenarios.join(', ')} with ${size} bytes`)
  const workers = await Promise.all(
    columns.map(({ name }) => ColumnWorker.start({ column: name, size, rolling, redisPort }))
  )
  const { requests, time } = effort.warmUp
  const each = { requests, time: time / scenarios.length }
  for (const scenario of scenarios) await Promise.all(workers.map((worker) => warmUp(worker, scenario, each)))
  const speeds: Speed[] = []
  for (const scenario of scenarios) {
    speeds.push({ scenario, size, ...compare(await measureRounds(scenario, workers, effort), columns) })
  }
  for (const worker of workers) await worker.stop()
  return speeds
}

async function warmUp(worker: ColumnWorker, scenario: Scenario, { requests, time }: WarmUp): Promise<void> {
  let spent = 0
  for (let done = 0; done < requests && spent < time; done += BATCH) {
    spent += (BATCH * (await worker.measure(scenario, BATCH))) / 1000
  }
}

async function measureRounds(
  scenario: Scenario,
  workers: readonly ColumnWorker[],
  { rounds, turn }: Effort
): Promise<Costs[]> {
  const found: Costs[] = []
  const requests = new Map<string, number>()
  for (const worker of workers) requests.set(worker.name, requestsIn(turn, await worker.measure(scenario, BATCH)))
  for (let round = 0; round < rounds; round++) {
    const costs = new Map<string, number>()
    // There and back, so that none always follows the same one.
    for (const worker of round % 2 === 0 ? workers : workers.toReversed()) {
      costs.set(worker.name, await worker.measure(scenario, requests.get(worker.name)!))
    }
    found.push(costs)
  }
  return found
}

function compare(rounds: readonly Costs[], columns: readonly Column[]): Pick<Speed, 'bare' | 'above'> {
  const costIn = (costs: Costs) => (column: Column) => costs.get(column.name)!
  const above = (column: Column): Sample =>
    sampleOf(rounds.map((costs) => costs.get(column.name)! - baseFor(column, costIn(costs))))
  const compared = columns.filter((column) => column !== BARE && column !== BARE_EXPRESS)
  return {
    bare: sampleOf(rounds.map((costs) => bareOf(costIn(costs)))),
    above: new Map(compared.map((column) => [column.name, above(column)]))
  }
}
