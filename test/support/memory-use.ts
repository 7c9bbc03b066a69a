import { getHeapStatistics } from 'node:v8'
import { InMemoryStore } from '../../lib/stores/memory.ts'

/**
 * What an `InMemoryStore` takes, in bytes, as a line of JSON. A process of its own, started with `--expose-gc`: a test
 * runner keeps an entry for each promise, and drops it when it likes.
 */
export interface MemoryUse {
  /** For each of a hundred thousand sessions of 200 bytes. */
  each: number
  /** For each of them in a full store, when ten times as many have come and gone. */
  flooded: number
  /** For each of them, when they have been removed. */
  removed: number
  /** For each of them, when they have expired, and as many calls for other sessions have been made. */
  expired: number
  /** For each of four thousand large ones with long ids, when they have been removed. */
  large: number
}

const COUNT = 100_000
const LARGE = 4_000
const HOUR = 3600
const data = Buffer.alloc(200, 'x')

const { gc } = globalThis as unknown as { gc: () => void }
const used = () => {
  // What an array kept outside of the heap is given back by the next one.
  gc()
  gc()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

const start = Date.now()
Date.now = () => start
process.emitWarning = () => undefined

const store = new InMemoryStore({ maxSessions: COUNT })
const id = (index: number) => `an-id-of-forty-three-characters-${String(index).padStart(11, '0')}`
const fill = async (from: number, to: number) => {
  for (let index = from; index < to; index++) await store.write(id(index), data, HOUR, HOUR)
}

const empty = used()
await fill(0, COUNT)
const each = (used() - empty) / COUNT
await fill(COUNT, 11 * COUNT)
const flooded = (used() - empty) / COUNT
for (let index = 10 * COUNT; index < 11 * COUNT; index++) await store.remove(id(index))
const removed = (used() - empty) / COUNT

await fill(0, COUNT)
Date.now = () => start + HOUR * 1000
for (let call = 0; call < COUNT; call++) await store.read('other', HOUR)
const expired = (used() - empty) / COUNT

const long = (index: number) => id(index).padEnd(2_000, '-')
const withoutLarge = used()
for (let index = 0; index < LARGE; index++) await store.write(long(index), Buffer.alloc(2_000, 'x'), HOUR, HOUR)
for (let index = 0; index < LARGE; index++) await store.remove(long(index))
const large = (used() - withoutLarge) / LARGE

const use: MemoryUse = { each, flooded, removed, expired, large }
console.log(JSON.stringify(use))
