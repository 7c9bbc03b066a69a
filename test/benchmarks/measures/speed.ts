import type { Column } from '../columns/column.ts'
import type { Tell } from '../report/progress.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import type { Size } from '../scenarios/session-data.ts'
import { ColumnWorker } from './column-worker.ts'
import { type Costs, compare, type Speed } from './comparison.ts'
import type { Ports } from './opening.ts'
import { requestsIn } from './turn.ts'

/** Requests in one batch of the warm-up. One batch also shows what a request costs. */
const BATCH = 200

export interface Effort {
  /** Several, because another process may disturb some rounds. The median ignores those. */
  readonly rounds: number
  /**
   * About how many milliseconds of CPU time a column gets in each round, so that a slow peer does not prolong the run.
   * The median ignores most garbage collections of a slow column as well: there is one in some hundred requests.
   */
  readonly turn: number
  readonly warmUp: WarmUp
}

/**
 * Runs before anything is measured, because the larger columns cost twice as much until V8 has compiled their code. The
 * warm-up ends at `requests` or at `time`, whichever comes first.
 */
export interface WarmUp {
  /** For each scenario. */
  readonly requests: number
  /** In milliseconds of CPU time of each process, for all its scenarios together. */
  readonly time: number
}

/** Scenarios that are measured in the same processes. */
export interface Group {
  readonly size: Size
  readonly scenarios: readonly Scenario[]
}

/** The columns that have these scenarios, and whose sessions can be that large. */
const fitting = (columns: readonly Column[], { size, scenarios }: Group): readonly Column[] =>
  columns.filter(
    (column) =>
      (!column.inCookie || size < 4_096) && scenarios.every((scenario) => column.scenarios?.includes(scenario) ?? true)
  )

export async function measureSpeed(
  group: Group,
  all: readonly Column[],
  effort: Effort,
  ports: Ports,
  tell: Tell
): Promise<Speed[]> {
  const { size, scenarios } = group
  const columns = fitting(all, group)
  const rolling = scenarios.includes('S4')
  tell(`${scenarios.join(', ')} with ${size} bytes: start and warm-up`)
  const workers = await Promise.all(
    columns.map(({ name }) => ColumnWorker.start({ column: name, size, rolling, ports }))
  )
  const { requests, time } = effort.warmUp
  const each = { requests, time: time / scenarios.length }
  for (const scenario of scenarios) await Promise.all(workers.map((worker) => warmUp(worker, scenario, each)))
  const speeds: Speed[] = []
  for (const scenario of scenarios) {
    tell(`${scenario} with ${size} bytes`)
    speeds.push({ scenario, size, ...compare(await measureRounds(scenario, workers, effort), columns) })
  }
  for (const worker of workers) await worker.stop()
  return speeds
}

export async function warmUp(worker: ColumnWorker, scenario: Scenario, { requests, time }: WarmUp): Promise<void> {
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
    // Every second round runs backwards, so that no column always follows the same one.
    for (const worker of round % 2 === 0 ? workers : workers.toReversed()) {
      costs.set(worker.name, await worker.measure(scenario, requests.get(worker.name)!))
    }
    found.push(costs)
  }
  return found
}
