import { getHeapStatistics } from 'node:v8'
import { InMemoryStore } from '../../lib/stores/memory.ts'

/**
 * What an `InMemoryStore` takes, in bytes, as a line of JSON. A process of its own, started with `--expose-gc`: a test
 * runner keeps an entry for each promise, and drops it when it likes.
 */
export interface MemoryUse {
  /** For each of a hundred thousand sessions of 200 bytes. */
  each: number
  /** Of that, what the garbage collector moves and marks. */
  onHeap: number
  /** For each of them, when they have been removed. */
  removed: number
  /** For each of a hundred thousand more, which expire soon. */
  soon: number
  /** For each of those, when the timer has taken them away. */
  expired: number
  /** For each of four thousand large ones with long ids, when they have been removed. */
  large: number
}

const COUNT = 100_000
const LARGE = 4_000
const HOUR = 3600
const data = Buffer.alloc(200, 'x')

const { gc } = globalThis as unknown as { gc: () => void }
const inUse = () => {
  // What an array kept outside of the heap is given back by the next one.
  gc()
  gc()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return { heap, external }
}
const used = () => {
  const { heap, external } = inUse()
  return heap + external
}

const timers: (() => void)[] = []
globalThis.setTimeout = ((callback: () => void) => {
  timers.push(callback)
  return { unref: () => callback }
}) as unknown as typeof setTimeout
const start = Date.now()
Date.now = () => start

const store = new InMemoryStore()
const id = (index: number) => `an-id-of-forty-three-characters-${String(index).padStart(11, '0')}`
const fill = async (first: number, ttl: (index: number) => number) => {
  for (let index = first; index < first + COUNT; index++) await store.write(id(index), data, HOUR, ttl(index))
}

const before = inUse()
const empty = before.heap + before.external
await fill(0, (index) => HOUR + index / 7)
const filled = inUse()
const each = (filled.heap + filled.external - empty) / COUNT
const onHeap = (filled.heap - before.heap) / COUNT
for (let index = 0; index < COUNT; index++) await store.remove(id(index))
const removed = (used() - empty) / COUNT

await fill(0, (index) => HOUR + index / 7)
const stays = used()
await fill(COUNT, (index) => 10 + (index % 5))
const soon = (used() - stays) / COUNT
Date.now = () => start + 15_000
while (store.size > COUNT) timers.shift()!()
const expired = (used() - stays) / COUNT

const long = (index: number) => id(index).padEnd(2_000, '-')
const withoutLarge = used()
const few = new InMemoryStore()
for (let index = 0; index < LARGE; index++) await few.write(long(index), Buffer.alloc(2_000, 'x'), HOUR, HOUR)
for (let index = 0; index < LARGE; index++) await few.remove(long(index))
const large = (used() - withoutLarge) / LARGE

const use: MemoryUse = { each, onHeap, removed, soon, expired, large }
console.log(JSON.stringify(use))
