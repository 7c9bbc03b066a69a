import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startRedis } from '../support/redis-server.ts'
import { Worker } from './measures/processes.ts'
import { Progress } from './report/progress.ts'
import { HttpClient } from './soak/http.ts'
import { Ledger, type Outage } from './soak/ledger.ts'
import { DOWN_MS, PAUSE_MS, pause, restart } from './soak/outages.ts'
import type { Memory, Question } from './soak/server-process.ts'
import { Visitor } from './soak/visitor.ts'

// Puts a server under load, and kills and then pauses its Redis. No acknowledged write may be lost, and no session that
// has ended may come back. Requests may fail only with 503, and only during the two outages.
//
//   npm run soak -- --seconds 60

const VISITORS = 100
/** How many bytes the heap may grow by from before the outages until the end. */
const MOST_GROWTH = 8 * 2 ** 20

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const seconds = Number(values.seconds)
const part = (share: number): Promise<void> => sleep(seconds * 1000 * share)
const LOAD = { name: 'load', seconds: seconds / 4 }
const KILLED = { name: 'Redis is killed and starts again', seconds: DOWN_MS / 1000 + 1 + seconds / 10 }
const HANGS = { name: 'Redis hangs', seconds: PAUSE_MS / 1000 + 1 }
const AFTERWARDS = { name: 'load after the outages', seconds: seconds / 4 }
const progress = new Progress([LOAD, KILLED, HANGS, AFTERWARDS])
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

const dataDir = await mkdtemp(join(tmpdir(), 'starsessions-soak-'))
const redis = await startRedis({ dataDir })
const server = await Worker.start('the server', '../soak/server-process', [String(redis.port)])
const ask = (question: Question): Promise<unknown> => server.ask({ question })
const http = new HttpClient((await ask('port')) as number)
const ledger = new Ledger()
const visitors = Array.from({ length: VISITORS }, (_, index) => new Visitor(`visitor-${index}`, http, ledger))
const probe = new Visitor('probe', http, ledger)

let isOver = false
const running = Promise.all(
  visitors.map(async (visitor) => {
    while (!isOver) await visitor.step()
  })
)
const memory: Memory[] = []
const outages: Outage[] = []

progress.begin(LOAD)
await part(1 / 4)
memory.push((await ask('memory')) as Memory)
progress.begin(KILLED)
outages.push(await restart(redis, probe))
await part(1 / 10)
progress.begin(HANGS)
outages.push(await pause(redis, probe))
progress.begin(AFTERWARDS)
for (let fifth = 0; fifth < 5; fifth++) {
  memory.push((await ask('memory')) as Memory)
  await part(1 / 20)
}
isOver = true
await running
memory.push((await ask('memory')) as Memory)
await Promise.all(visitors.map((visitor) => visitor.finish()))

http.close()
await server.stop()
await redis.stop()
await rm(dataDir, { recursive: true })

progress.clear()
const growth = memory.at(-1)!.heap - memory[0]!.heap
if (growth > MOST_GROWTH) ledger.wrong(`the heap has grown by ${megabytes(growth)}`)
const violations = ledger.violations(outages)
console.log(ledger.report(outages))
console.log(`heap after a collection: ${memory.map(({ heap }) => megabytes(heap)).join(', ')}`)
console.log(`resident: ${memory.map(({ resident }) => megabytes(resident)).join(', ')}`)
for (const violation of violations.slice(0, 20)) console.log(`violation: ${violation}`)
console.log(`${violations.length} violations`)
process.exitCode = violations.length === 0 ? 0 : 1
