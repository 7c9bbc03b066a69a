import { getHeapStatistics } from 'node:v8'
import { InMemoryStore } from '../../lib/stores/memory.ts'

/**
 * The memory that an `InMemoryStore` uses, in bytes for each session. This file is a program: start it with `--expose-gc`, and
 * it prints this object as JSON. It is a process of its own, because a test runner keeps an entry for each promise.
 */
export interface MemoryUse {
  /** With a hundred thousand sessions of 200 bytes. */
  each: number
  /** In a full store, after ten times as many sessions have been written and dropped. */
  flooded: number
  /** After the sessions were removed. */
  removed: number
  /** After the sessions have expired, and the store was called as often for other sessions. */
  expired: number
  /** After four thousand large sessions with long ids were removed. */
  large: number
}

const COUNT = 100_000
const LARGE = 4_000
const HOUR = 3600
const data = Buffer.alloc(200, 'x')

const { gc } = globalThis as unknown as { gc: () => void }
const used = () => {
  // The second collection frees memory outside of the heap, whose arrays the first one has collected.
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
