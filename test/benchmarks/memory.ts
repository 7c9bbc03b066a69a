import type { Memory, MemoryRound } from './memory-process.ts'
import { Worker } from './processes.ts'
import { table } from './table.ts'

export async function measureMemory(sizes: readonly number[]): Promise<Memory[]> {
  const memories: Memory[] = []
  for (const sessions of sizes) {
    const worker = await Worker.start(`InMemoryStore with ${sessions}`, './memory-process.ts', [])
    memories.push((await worker.ask({ sessions } satisfies MemoryRound)) as Memory)
    await worker.stop()
  }
  return memories
}

export function memoryTable(memories: readonly Memory[]): string {
  const row = (name: string, digits: number, of: (memory: Memory) => number) => [
    name,
    ...memories.map((memory) => of(memory).toLocaleString('en', { maximumFractionDigits: digits }))
  ]
  return table([
    row(`InMemoryStore, sessions of 200 bytes`, 0, ({ sessions }) => sessions),
    row('a record with its metadata, bytes', 0, ({ recordBytes }) => recordBytes),
    row('heap and external, bytes a session', 0, ({ bytesEach }) => bytesEach),
    row('read, µs', 2, ({ read }) => read),
    row('write over, µs', 2, ({ rewrite }) => rewrite),
    row('write a new one, µs', 2, ({ add }) => add),
    row('a full garbage collection, ms', 0, ({ fullGc }) => fullGc),
    row('longest stall while filling, ms', 0, ({ longestStallFilling }) => longestStallFilling),
    row('longest stall while all expire, ms', 0, ({ longestStallExpiring }) => longestStallExpiring)
  ])
}
