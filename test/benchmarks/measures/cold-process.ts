import { Clients } from '../scenarios/clients.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { columnOfProcess, uncounted } from './opening.ts'

// One column in a process that has just started. It is not proven here, because that would warm it up.

/** The message of the parent. The answer is a list with the cost of each scenario. */
export interface ColdTask {
  readonly scenarios: readonly Scenario[]
  /** Of each scenario. */
  readonly requests: number
  readonly inFlight: number
}

const TURNS = 15

process.on('disconnect', () => process.exit())

const { found: column, bench } = await columnOfProcess()
const clients = new Clients(await column.open({ ...bench, counted: uncounted }))
await clients.start()

process.on('message', async ({ scenarios, requests, inFlight }: ColdTask) => {
  const costs = scenarios.map(() => 0)
  // In turns, as a new server gets its requests. Otherwise the first scenario would pay for what all of them warm up.
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [at, scenario] of scenarios.entries()) {
      costs[at]! += (await clients.measure(scenario, requests / TURNS, inFlight)) / TURNS
    }
  }
  process.send?.(costs)
})
process.send?.('ready')
