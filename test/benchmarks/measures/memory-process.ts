import { hash } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import starsessions, { InMemoryStore } from 'fastify-starsessions'
import { sampleOf } from '../report/statistics.ts'
import { dataOfSize } from '../scenarios/session-data.ts'

// Measures one InMemoryStore of one size in a separate process.

/** The message of the parent. */
export interface MemoryRound {
  readonly sessions: number
}

export interface Memory {
  readonly sessions: number
  readonly recordBytes: number
  /** Heap and external memory for each session. */
  readonly bytesEach: number
  /** In microseconds of CPU time. */
  readonly read: number
  readonly rewrite: number
  readonly add: number
  /** In milliseconds. */
  readonly fullGc: number
  readonly longestStallFilling: number
  readonly expiry: Expiry
}

/** What happens after all sessions expired at once, while calls for another session free their memory. */
export interface Expiry {
  /** In microseconds of CPU time for each expired session. */
  readonly cost: number
  /** In milliseconds. */
  readonly longestStall: number
  /** Heap and external memory that are still in use afterwards, for each expired session. */
  readonly bytesLeft: number
}

const LIFETIME = 86_400
const OPERATIONS = 2_000
const ROUNDS = 15
const UNLIMITED = { maxSessions: 8_000_000, maxBytes: 2 ** 40 }

/**
 * An id as long as the plugin's. Ids are computed again when needed, because the garbage collector would walk a long
 * list of ids again and again.
 */
const idOf = (index: number): string => hash('sha256', String(index), 'base64url')

/** @returns the bytes that the plugin writes for a session of 200 bytes */
async function recordOfPlugin(): Promise<Uint8Array> {
  const store = new InMemoryStore()
  const app = Fastify()
  await app.register(starsessions, { lifetime: LIFETIME, store })
  app.get('/', async (request) => {
    const session = await request.loadSession()
    Object.assign(session, dataOfSize(200)())
    return session.id
  })
  const { body } = await app.inject('/')
  await app.close()
  return (await store.read(body, LIFETIME))!
}

function memoryInUse(): number {
  gc!()
  gc!()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Calls `step` once in each turn of the event loop until it answers true.
 * @returns milliseconds of the longest turn
 */
async function longestTurn(step: () => Promise<boolean>): Promise<number> {
  let longest = 0
  for (let last = performance.now(), isDone = false; !isDone; ) {
    isDone = await step()
    await nextTurn()
    const at = performance.now()
    longest = Math.max(longest, at - last)
    last = at
  }
  return longest
}

/** Fills a store with a few sessions in each turn of the event loop, as requests would. */
function fill(store: InMemoryStore, sessions: number, record: Uint8Array, ttl: number): Promise<number> {
  let written = 0
  return longestTurn(async () => {
    for (let next = 0; next < 20; next++) await store.write(idOf(written++), record, LIFETIME, ttl)
    return written >= sessions
  })
}

async function cost(operation: (turn: number) => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let turn = 0; turn < OPERATIONS; turn++) {
    const answer = operation(turn)
    if (answer instanceof Promise) await answer
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / OPERATIONS
}

async function measure(sessions: number): Promise<Memory> {
  const record = await recordOfPlugin()
  const before = memoryInUse()
  const store = new InMemoryStore(UNLIMITED)
  const start = performance.now()
  const longestStallFilling = await fill(store, sessions, record, LIFETIME)
  const fillSeconds = (performance.now() - start) / 1000
  const bytesEach = (memoryInUse() - before) / sessions
  const gcStart = performance.now()
  gc!()
  const fullGc = performance.now() - gcStart

  const reads: number[] = []
  const rewrites: number[] = []
  const adds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const some = Array.from({ length: OPERATIONS }, () => idOf(Math.floor(Math.random() * sessions)))
    const others = Array.from({ length: OPERATIONS }, (_, index) => idOf(sessions + index))
    reads.push(await cost((turn) => store.read(some[turn]!, LIFETIME)))
    rewrites.push(await cost((turn) => store.write(some[turn]!, record, LIFETIME, LIFETIME)))
    adds.push(await cost((turn) => store.write(others[turn]!, record, LIFETIME, LIFETIME)))
    for (const id of others) await store.remove(id)
  }
  return {
    sessions,
    recordBytes: record.byteLength,
    bytesEach,
    read: sampleOf(reads).median,
    rewrite: sampleOf(rewrites).median,
    add: sampleOf(adds).median,
    fullGc,
    longestStallFilling,
    expiry: await expire(sessions, record, fillSeconds)
  }
}

/** @param fillSeconds how long it takes to fill a store */
async function expire(sessions: number, record: Uint8Array, fillSeconds: number): Promise<Expiry> {
  const memoryBefore = memoryInUse()
  const store = new InMemoryStore(UNLIMITED)
  const ttl = Math.ceil(fillSeconds * 2) + 1
  const end = performance.now() + ttl * 1000
  await fill(store, sessions, record, ttl)
  await sleep(end - performance.now())
  const before = process.cpuUsage()
  const longestStall = await longestTurn(async () => {
    for (let call = 0; call < 20; call++) await store.read('another', LIFETIME)
    return store.size === 0
  })
  const { user, system } = process.cpuUsage(before)
  const bytesLeft = (memoryInUse() - memoryBefore) / sessions
  return { cost: (user + system) / sessions, longestStall, bytesLeft }
}

process.on('message', async ({ sessions }: MemoryRound) => {
  process.send?.(await measure(sessions))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
