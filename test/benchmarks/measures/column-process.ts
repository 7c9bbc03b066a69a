import type { Bench, Column } from '../columns/column.ts'
import { COLUMNS } from '../columns/index.ts'
import { Clients } from '../scenarios/clients.ts'
import { prove } from '../scenarios/proof.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { dataOfSize, type Size } from '../scenarios/session-data.ts'
import { countPath, type Path } from './path-count.ts'

// One column in a separate process. The process proves the column first, and then does what its parent asks for.

/** The only argument of the process, as JSON. */
export interface Setup {
  readonly column: string
  readonly size: Size
  readonly rolling: boolean
  readonly redisPort: number | undefined
}

/** The message of the parent. */
export type Task =
  | { readonly kind: 'measure'; readonly scenario: Scenario; readonly requests: number; readonly inFlight: number }
  | { readonly kind: 'path'; readonly scenario: Scenario }
  | { readonly kind: 'listen' }

/** The answer to the task `listen`. */
export interface Listening {
  readonly port: number
  readonly cookies: readonly string[]
}

// The parent has ended or wants no more, so work in progress does not matter.
process.on('disconnect', () => process.exit())

const { column: name, size, rolling, redisPort } = JSON.parse(process.argv[2]!) as Setup
const column = COLUMNS.find((one) => one.name === name)!
const address = { host: '127.0.0.1', port: redisPort! }

async function clientFor(needs: Column['needs']): Promise<Partial<Bench>> {
  if (needs === 'ioredis') return { ioredis: new (await import('ioredis')).Redis(address) }
  if (needs === 'node-redis') {
    return { nodeRedis: await (await import('redis')).createClient({ socket: address }).connect() }
  }
  return {}
}

// A client is only loaded for a column that needs it. The other columns never ask for one, so the cast is safe.
const client = await clientFor(column.needs)
const bench = { newData: dataOfSize(size), rolling, ...client } as Omit<Bench, 'counted'>

await prove(column, bench, size)
const app = await column.open({ ...bench, counted: (store) => store })
const clients = new Clients(app)
await clients.start()

async function work(task: Task): Promise<number | Path | Listening> {
  if (task.kind === 'listen') return { port: await app.listen(), cookies: clients.cookies }
  if (task.kind === 'path') return countPath(clients, task.scenario)
  return clients.measure(task.scenario, task.requests, task.inFlight)
}

process.on('message', async (task: Task) => process.send?.(await work(task)))
process.send?.('ready')
