import type { Bench, Column } from '../columns/column.ts'
import { COLUMNS } from '../columns/index.ts'
import { Clients } from '../scenarios/clients.ts'
import { prove } from '../scenarios/proof.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { dataOfSize, type Size } from '../scenarios/session-data.ts'

// One column in a process of its own: proves itself, then does whatever it is told to.

/** Its only argument, as JSON. */
export interface Setup {
  readonly column: string
  readonly size: Size
  readonly rolling: boolean
  readonly redisPort: number | undefined
}

/** What the parent sends. */
export type Task =
  | { readonly kind: 'measure'; readonly scenario: Scenario; readonly requests: number; readonly inFlight: number }
  | { readonly kind: 'listen' }

/** The answer to `listen`. */
export interface Listening {
  readonly port: number
  readonly cookies: readonly string[]
}

// Whatever it is at.
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

// A client that no column here needs is not there, nor loaded, and nobody asks for it.
const client = await clientFor(column.needs)
const bench = { newData: dataOfSize(size), rolling, ...client } as Omit<Bench, 'counted'>

await prove(column, bench, size)
const app = await column.open({ ...bench, counted: (store) => store })
const clients = new Clients(app)
await clients.start()

async function work(task: Task): Promise<number | Listening> {
  if (task.kind === 'listen') return { port: await app.listen(), cookies: clients.cookies }
  return clients.measure(task.scenario, task.requests, task.inFlight)
}

process.on('message', async (task: Task) => process.send?.(await work(task)))
process.send?.('ready')
