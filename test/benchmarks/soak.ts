import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from './measures/processes.ts'
import { Progress } from './report/progress.ts'
import { BACKENDS } from './soak/backends.ts'
import { HttpClient } from './soak/http.ts'
import { Ledger, type Outage } from './soak/ledger.ts'
import { DOWN_MS, PAUSE_MS, pause, restart } from './soak/outages.ts'
import type { Memory, Question } from './soak/server-process.ts'
import { Visitor } from './soak/visitor.ts'

// Puts a server under load, and kills and then pauses its Redis or its PostgreSQL. Over PostgreSQL, the server has three
// processes, and the requests of a visitor go to them in turn. No acknowledged write may be lost, and no session that
// has ended may come back. Requests may fail only with 503, and only during the two outages.
//
//   npm run soak -- --seconds 60
//   npm run soak -- --seconds 60 --store postgres

const VISITORS = 100
/** How many bytes the heap may grow by from before the outages until the end. */
const MOST_GROWTH = 8 * 2 ** 20

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, store: { type: 'string', default: 'redis' } }
})
const seconds = Number(values.seconds)
const part = (share: number): Promise<void> => sleep(seconds * 1000 * share)
const LOAD = { name: 'load', seconds: seconds / 4 }
const start = BACKENDS[values.store]
if (start === undefined) throw new Error(`--store is one of ${Object.keys(BACKENDS).join(', ')}`)
const KILLED = { name: 'the store is killed and starts again', seconds: DOWN_MS / 1000 + 1 + seconds / 10 }
const HANGS = { name: 'the store hangs', seconds: PAUSE_MS / 1000 + 1 }
const AFTERWARDS = { name: 'load after the outages', seconds: seconds / 4 }
const progress = new Progress([LOAD, KILLED, HANGS, AFTERWARDS])
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

const backend = await start()
const servers = await Promise.all(
  Array.from({ length: backend.processes }, (_, index) =>
    Worker.start(`server ${index}`, '../soak/server-process', [values.store, String(backend.port)])
  )
)
const ask = (question: Question) => Promise.all(servers.map((server) => server.ask({ question })))
const ports = (await ask('port')) as number[]
const http = new HttpClient(ports)
const ledger = new Ledger()
const visitors = Array.from({ length: VISITORS }, (_, index) => new Visitor(`visitor-${index}`, http, ledger))
// It asks the processes in turn, so it has a client of its own.
const probing = new HttpClient(ports)
const probe = new Visitor('probe', probing, ledger)

let isOver = false
const running = Promise.all(
  visitors.map(async (visitor) => {
    while (!isOver) await visitor.step()
  })
)
/** For each question, the memory of the process that has most. */
const memory: Memory[] = []
const most = (all: Memory[]): Memory => all.reduce((one, other) => (other.heap > one.heap ? other : one))
const outages: Outage[] = []

progress.begin(LOAD)
await part(1 / 4)
memory.push(most((await ask('memory')) as Memory[]))
progress.begin(KILLED)
outages.push(await restart(backend, probe))
await part(1 / 10)
progress.begin(HANGS)
outages.push(await pause(backend, probe))
progress.begin(AFTERWARDS)
for (let fifth = 0; fifth < 5; fifth++) {
  memory.push(most((await ask('memory')) as Memory[]))
  await part(1 / 20)
}
isOver = true
await running
memory.push(most((await ask('memory')) as Memory[]))
await Promise.all(visitors.map((visitor) => visitor.finish()))

http.close()
probing.close()
await Promise.all(servers.map((server) => server.stop()))
await backend.stop()

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
