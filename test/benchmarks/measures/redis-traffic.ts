import { Redis } from 'ioredis'
import type { Column } from '../columns/column.ts'
import type { Tell } from '../report/progress.ts'
import type { Section } from '../report/table.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { ColumnWorker } from './column-worker.ts'

export const REQUESTS = 100

/** What Redis itself counted for each request. */
export interface Cost {
  /** How often a client sent something and waited for the answer. */
  readonly roundTrips: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Includes commands that a script runs. */
  readonly commands: ReadonlyMap<string, number>
}

export interface Traffic extends Cost {
  readonly column: string
  readonly scenario: Scenario
}

/** In the order of the report. */
const ORDER: readonly Scenario[] = ['S0', 'S1', 'S2', 'S3', 'S5', 'S4']

/** Sends one request after the other, so that no two commands share a round trip. */
export async function measureTraffic(columns: readonly Column[], port: number, tell: Tell): Promise<Traffic[]> {
  const redis = new Redis({ host: '127.0.0.1', port })
  const traffic: Traffic[] = []
  for (const { name: column, scenarios = ORDER } of columns.filter(
    ({ needs }) => needs === 'ioredis' || needs === 'node-redis'
  )) {
    tell(column)
    for (const rolling of [false, true]) {
      const sent = scenarios.filter((scenario) => (scenario === 'S4') === rolling)
      if (sent.length === 0) continue
      const worker = await ColumnWorker.start({ column, size: 200, rolling, ports: { redis: port } })
      for (const scenario of sent) {
        // The first requests also send the scripts to Redis. They do not count.
        await worker.send(scenario, REQUESTS, 1)
        await redis.config('RESETSTAT')
        await worker.send(scenario, REQUESTS, 1)
        const info = await redis.call('INFO', 'commandstats', 'stats')
        traffic.push({ column, scenario, ...perRequest(String(info)) })
      }
      await worker.stop()
    }
  }
  redis.disconnect()
  return traffic
}

const numberOf = (info: string, name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])

/**
 * Leaves out the commands of this measurement itself. Only their bytes are counted: less than one for each request.
 */
export function perRequest(info: string): Cost {
  const calls = [...info.matchAll(/^cmdstat_([\w|-]+):calls=(\d+)/gm)]
  const commands = calls.filter(([, name]) => !/^(info|config|client|hello|ping)/.test(name!))
  return {
    roundTrips: (numberOf(info, 'total_reads_processed') - 1) / REQUESTS,
    bytesIn: numberOf(info, 'total_net_input_bytes') / REQUESTS,
    bytesOut: numberOf(info, 'total_net_output_bytes') / REQUESTS,
    commands: new Map(commands.map(([, name, count]) => [name!, Number(count) / REQUESTS]))
  }
}

export const HEAD: readonly string[] = ['', 'round trips', 'bytes to Redis', 'bytes from Redis', 'commands']

export const costCells = ({ roundTrips, bytesIn, bytesOut, commands }: Cost): readonly string[] => [
  roundTrips.toFixed(1),
  bytesIn.toFixed(0),
  bytesOut.toFixed(0),
  [...commands].map(([name, count]) => `${name} ${+count.toFixed(2)}`).join(', ') || 'none'
]

export const trafficSection = (traffic: readonly Traffic[]): Section => ({
  title: 'Traffic to Redis',
  note: 'Per request, as Redis counts it (INFO stats, INFO commandstats), sessions of 200 bytes. Commands include those that a script runs.',
  rows: [HEAD, ...traffic.map(({ column, scenario, ...cost }) => [`${scenario} ${column}`, ...costCells(cost)])]
})
