import { ColumnWorker } from './column-worker.ts'
import type { Column } from './columns/column.ts'
import { AGAIN, BARE, BARE_EXPRESS } from './columns/index.ts'
import { progress } from './progress.ts'
import type { Scenario } from './scenarios.ts'
import type { Size } from './session-data.ts'
import { type Sample, sampleOf } from './statistics.ts'

export interface Effort {
  readonly rounds: number
  /** In one round of one column. */
  readonly requests: number
  /** Requests of each process before any is measured, shared by the scenarios: as in a server, the code is warm from all. */
  readonly warmUp: number
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
export const fitting = (columns: readonly Column[], size: Size): readonly Column[] =>
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
  for (const scenario of scenarios) {
    const requests = Math.round(effort.warmUp / scenarios.length)
    await Promise.all(workers.map((worker) => worker.measure(scenario, requests)))
  }
  const speeds: Speed[] = []
  for (const scenario of scenarios) {
    speeds.push({ scenario, size, ...compare(await measureRounds(scenario, workers, effort), columns) })
  }
  for (const worker of workers) await worker.stop()
  return speeds
}

async function measureRounds(scenario: Scenario, workers: readonly ColumnWorker[], effort: Effort): Promise<Costs[]> {
  const rounds: Costs[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const costs = new Map<string, number>()
    // Each round begins with another column, so that none always follows the same one.
    for (let turn = 0; turn < workers.length; turn++) {
      const worker = workers[(turn + round) % workers.length]!
      costs.set(worker.name, await worker.measure(scenario, effort.requests))
    }
    rounds.push(costs)
  }
  return rounds
}

function compare(rounds: readonly Costs[], columns: readonly Column[]): Pick<Speed, 'bare' | 'above'> {
  const bare = (costs: Costs): number => (costs.get(BARE.name)! + costs.get(AGAIN.name)!) / 2
  const base = ({ name, framework }: Column, costs: Costs): number => {
    if (framework === 'Express') return costs.get(BARE_EXPRESS.name)!
    return name === AGAIN.name ? costs.get(BARE.name)! : bare(costs)
  }
  const above = (column: Column): Sample =>
    sampleOf(rounds.map((costs) => costs.get(column.name)! - base(column, costs)))
  const compared = columns.filter((column) => column !== BARE && column !== BARE_EXPRESS)
  return {
    bare: sampleOf(rounds.map(bare)),
    above: new Map(compared.map((column) => [column.name, above(column)]))
  }
}
