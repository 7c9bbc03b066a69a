import type { Column } from '../columns/column.ts'
import type { Tell } from '../report/progress.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import type { ColdTask } from './cold-process.ts'
import { type Costs, compareWithMedian, type Speed } from './comparison.ts'
import type { Ports } from './opening.ts'
import { DEFAULT_FLAGS, Worker } from './processes.ts'

export const COLD_SCENARIOS = ['S0', 'S1', 'S2', 'S5'] as const satisfies readonly Scenario[]
const SIZE = 300
export const COLD_REQUESTS = 1_500
const IN_FLIGHT = 16

/**
 * Measures what the first requests of a process cost, when V8 has not yet compiled the code. Each column has a new
 * process in each round.
 */
export async function measureCold(
  columns: readonly Column[],
  rounds: number,
  ports: Ports,
  tell: Tell
): Promise<Speed[]> {
  const found = new Map<Scenario, Costs[]>(COLD_SCENARIOS.map((scenario) => [scenario, []]))
  for (let round = 0; round < rounds; round++) {
    tell(`new processes, round ${round + 1} of ${rounds}`)
    const costs = new Map<Scenario, Map<string, number>>(COLD_SCENARIOS.map((scenario) => [scenario, new Map()]))
    for (const { name } of round % 2 === 0 ? columns : columns.toReversed()) {
      for (const [at, cost] of (await costsOf(name, ports)).entries()) {
        costs.get(COLD_SCENARIOS[at]!)!.set(name, cost)
      }
    }
    for (const [scenario, one] of costs) found.get(scenario)!.push(one)
  }
  return COLD_SCENARIOS.map((scenario) => ({
    scenario,
    size: SIZE,
    ...compareWithMedian(found.get(scenario)!, columns)
  }))
}

async function costsOf(column: string, ports: Ports): Promise<number[]> {
  const setup = { column, size: SIZE, rolling: false, ports }
  const worker = await Worker.start(column, './cold-process', [JSON.stringify(setup)], DEFAULT_FLAGS)
  const task: ColdTask = { scenarios: COLD_SCENARIOS, requests: COLD_REQUESTS, inFlight: IN_FLIGHT }
  const costs = (await worker.ask(task)) as number[]
  await worker.stop()
  return costs
}
