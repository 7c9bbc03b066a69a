import { Redis } from 'ioredis'
import { Clients } from './clients.ts'
import { COLUMNS } from './columns/index.ts'
import { prove } from './proof.ts'
import type { Scenario } from './scenarios.ts'

// One column in a process of its own: proves itself, then measures whatever it is told to.

/** What the parent sends. */
export interface Round {
  readonly scenario: Scenario
  readonly requests: number
}

const LEAD_IN = 200

const [, , name, redisPort] = process.argv
const column = COLUMNS.find((one) => one.name === name)!
const redis = column.needsRedis ? new Redis({ port: Number(redisPort) }) : (undefined as unknown as Redis)

await prove(column, { redis })
const app = await column.open({ redis, counted: (store) => store })
const clients = new Clients(app)
await clients.start()

process.on('message', async ({ scenario, requests }: Round) => {
  // The caches are cold after the other columns' turns.
  await clients.measure(scenario, LEAD_IN)
  process.send?.(await clients.measure(scenario, requests))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
