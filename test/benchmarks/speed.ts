import type { Round } from './column-process.ts'
import { COLUMNS } from './columns/index.ts'
import { Worker } from './processes.ts'
import type { Scenario } from './scenarios.ts'
import { type Sample, sampleOf } from './statistics.ts'

export interface Effort {
  /** Times that everything is measured in new processes: V8 may settle on faster or slower code in each. */
  readonly passes: number
  /** In one pass. */
  readonly rounds: number
  /** In one round of one column. */
  readonly requests: number
  readonly warmUp: number
}

/** Of one scenario: microseconds of CPU time a request. */
export interface Speed {
  readonly scenario: Scenario
  /** The whole request, of bare Fastify. */
  readonly bare: Sample
  /** Above bare Fastify, for each column by name. */
  readonly above: ReadonlyMap<string, Sample>
}

/** What one round found out: the whole request, for each column by name. */
type Costs = ReadonlyMap<string, number>

const [BARE, AGAIN] = COLUMNS.map(({ name }) => name) as [string, string]

/** @param redisPort `undefined`: without the columns that need Redis */
export async function measureSpeed(
  scenarios: readonly Scenario[],
  effort: Effort,
  redisPort: number | undefined
): Promise<Speed[]> {
  const names = COLUMNS.filter(({ needsRedis }) => !needsRedis || redisPort !== undefined).map(({ name }) => name)
  const rounds = new Map<Scenario, Costs[]>(scenarios.map((scenario) => [scenario, []]))
  for (let pass = 0; pass < effort.passes; pass++) {
    const workers: Worker[] = []
    for (const name of names) workers.push(await Worker.start(name, './column-process.ts', [name, `${redisPort}`]))
    for (const [scenario, costs] of rounds) costs.push(...(await measureRounds(scenario, workers, effort)))
    for (const worker of workers) await worker.stop()
  }
  return [...rounds].map(([scenario, costs]) => speedOf(scenario, costs, names))
}

async function measureRounds(scenario: Scenario, workers: readonly Worker[], effort: Effort): Promise<Costs[]> {
  const ask = (worker: Worker, requests: number) =>
    worker.ask({ scenario, requests } satisfies Round) as Promise<number>
  for (const worker of workers) await ask(worker, effort.warmUp)

  const rounds: Costs[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const costs = new Map<string, number>()
    // Each round begins with another column, so that none always follows the same one.
    for (let turn = 0; turn < workers.length; turn++) {
      const worker = workers[(turn + round) % workers.length]!
      costs.set(worker.name, await ask(worker, effort.requests))
    }
    rounds.push(costs)
  }
  return rounds
}

function speedOf(scenario: Scenario, rounds: readonly Costs[], names: readonly string[]): Speed {
  const bare = (costs: Costs): number => (costs.get(BARE)! + costs.get(AGAIN)!) / 2
  const above = (name: string): Sample =>
    sampleOf(rounds.map((costs) => costs.get(name)! - (name === AGAIN ? costs.get(BARE)! : bare(costs))))
  return {
    scenario,
    bare: sampleOf(rounds.map(bare)),
    above: new Map(names.filter((name) => name !== BARE).map((name) => [name, above(name)]))
  }
}
