import type { Tell } from '../report/progress.ts'
import type { Section } from '../report/table.ts'
import type { Memory, MemoryRound } from './memory-process.ts'
import { Worker } from './processes.ts'

export async function measureMemory(sizes: readonly number[], tell: Tell): Promise<Memory[]> {
  const memories: Memory[] = []
  for (const sessions of sizes) {
    tell(`${sessions.toLocaleString('en')} sessions`)
    const worker = await Worker.start(`InMemoryStore with ${sessions}`, './memory-process', [])
    memories.push((await worker.ask({ sessions } satisfies MemoryRound)) as Memory)
    await worker.stop()
  }
  return memories
}

export function memorySection(memories: readonly Memory[]): Section {
  const row = (name: string, digits: number, of: (memory: Memory) => number) => [
    name,
    ...memories.map((memory) => of(memory).toLocaleString('en', { maximumFractionDigits: digits }))
  ]
  return {
    title: 'InMemoryStore',
    note: 'Sessions of 200 bytes; CPU time.',
    rows: [
      row('sessions', 0, ({ sessions }) => sessions),
      row('a record with its metadata, bytes', 0, ({ recordBytes }) => recordBytes),
      row('heap and external, bytes a session', 0, ({ bytesEach }) => bytesEach),
      row('read, µs', 2, ({ read }) => read),
      row('write over, µs', 2, ({ rewrite }) => rewrite),
      row('write a new one, µs', 2, ({ add }) => add),
      row('a forced full garbage collection, ms', 0, ({ fullGc }) => fullGc),
      row('longest stall while filling, ms', 0, ({ longestStallFilling }) => longestStallFilling),
      row('all have expired: CPU time to free each, µs', 2, ({ expiry }) => expiry.cost),
      row('all have expired: longest stall while they are freed, ms', 0, ({ expiry }) => expiry.longestStall),
      row('all have expired: bytes left for each', 0, ({ expiry }) => expiry.bytesLeft)
    ]
  }
}
