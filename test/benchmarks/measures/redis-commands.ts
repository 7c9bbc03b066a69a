import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Section } from '../report/table.ts'
import { Worker } from './processes.ts'
import type { CommandRound } from './redis-commands-process.ts'

const REDIS_CLIENTS = ['ioredis', 'iovalkey', 'node-redis'] as const
const IN_FLIGHT = [1, 50] as const
const COMMANDS = 2_000
const ROUNDS = 11

/** Measures what a GET of a session costs with each client. */
export async function measureCommands(port: number): Promise<Section> {
  const workers = await Promise.all(
    REDIS_CLIENTS.map((name) => Worker.start(name, './redis-commands-process', [name, String(port)]))
  )
  const costs = workers.map(() => IN_FLIGHT.map((): number[] => []))
  // The first round does not count, because V8 compiles the code in it.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, worker] of workers.entries()) {
      for (const [column, inFlight] of IN_FLIGHT.entries()) {
        const cost = await worker.ask({ commands: COMMANDS, inFlight } satisfies CommandRound)
        if (round > 0) costs[at]![column]!.push(cost as number)
      }
    }
  }
  await Promise.all(workers.map((worker) => worker.stop()))
  const samples = costs.map((columns) => columns.map(sampleOf))
  const cell = ({ median, spread }: Sample, first: Sample) =>
    `${median.toFixed(1)} ± ${spread.toFixed(1)} (${(median / first.median).toFixed(2)})`
  return {
    title: 'Redis clients',
    note: `Without the library: microseconds of CPU time for a GET of a session, by commands in flight; in brackets the ratio to ${REDIS_CLIENTS[0]}.`,
    rows: [
      ['', ...IN_FLIGHT.map((count) => `${count} in flight`)],
      ...REDIS_CLIENTS.map((name, at) => [
        name,
        ...IN_FLIGHT.map((_, column) => cell(samples[at]![column]!, samples[0]![column]!))
      ])
    ]
  }
}
