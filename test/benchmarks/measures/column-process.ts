import { Clients } from '../scenarios/clients.ts'
import { prove } from '../scenarios/proof.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { columnOfProcess, uncounted } from './opening.ts'
import { countPath, type Path } from './path-count.ts'

// One column in a separate process, without connections. The process proves the column first, and then does what its
// parent asks for.

/** The message of the parent. */
export type Task =
  | { readonly kind: 'measure'; readonly scenario: Scenario; readonly requests: number; readonly inFlight: number }
  | { readonly kind: 'path'; readonly scenario: Scenario }

// The parent has ended or wants no more, so work in progress does not matter.
process.on('disconnect', () => process.exit())

const { found: column, size, bench } = await columnOfProcess()
await prove(column, bench, size)
const clients = new Clients(await column.open({ ...bench, counted: uncounted }))
await clients.start()

async function work(task: Task): Promise<number | Path> {
  if (task.kind === 'path') return countPath(clients, task.scenario)
  return clients.measure(task.scenario, task.requests, task.inFlight)
}

process.on('message', async (task: Task) => process.send?.(await work(task)))
process.send?.('ready')
