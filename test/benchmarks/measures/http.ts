import { createRequire } from 'node:module'
import { baseFor } from '../columns/baseline.ts'
import type { Column } from '../columns/column.ts'
import { HTTP_COLUMNS, HTTP_COLUMNS_OF_S0 } from '../columns/index.ts'
import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import type { Listening } from './column-process.ts'
import { ColumnWorker } from './column-worker.ts'

const CONNECTIONS = 100

/**
 * Milliseconds between two samples of autocannon. Its default is a second, and it only stops at the end of a sample.
 */
const SAMPLE = 50

/** Seconds of load before each scenario is measured, so that V8 compiles the code first. */
const WARM_UP = 0.5

export interface HttpEffort {
  readonly rounds: number
  /** Of load on one column in one round. */
  readonly seconds: number
}

/** The figures of one column in one scenario. */
export interface HttpSpeed {
  readonly column: string
  readonly scenario: Scenario
  readonly requestsPerSecond: Sample
  /** Divided by the requests per second of bare Fastify in the same round. */
  readonly share: Sample
  /** In milliseconds. */
  readonly p50: Sample
  readonly p99: Sample
}

interface Load {
  /** Of one sample. */
  readonly requests: { readonly average: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly non2xx: number
  readonly errors: number
}

/** autocannon has no types. These describe the few members that this file uses. */
const autocannon = createRequire(import.meta.url)('autocannon') as (options: {
  url: string
  connections: number
  duration: number
  /** In milliseconds. */
  sampleInt: number
  setupClient(connection: { setHeaders(headers: Record<string, string | undefined>): void }): void
}) => Promise<Load>

/** Each connection stands for a browser with its own session. */
async function load(column: string, scenario: Scenario, { port, cookies }: Listening, duration: number): Promise<Load> {
  let client = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/${scenario}`,
    connections: CONNECTIONS,
    duration,
    sampleInt: SAMPLE,
    setupClient: (connection) => connection.setHeaders({ cookie: cookies[client++ % cookies.length] })
  })
  if (result.non2xx + result.errors > 0) throw new Error(`${column}: ${scenario} fails over HTTP`)
  return result
}

/** Measures requests per second over HTTP. This process makes the load, so that the load has its own core. */
export async function measureHttp(
  scenarios: readonly Scenario[],
  columns: readonly Column[],
  { rounds, seconds }: HttpEffort,
  redisPort: number | undefined
): Promise<HttpSpeed[]> {
  const measured = columns.filter((column) => HTTP_COLUMNS.includes(column))
  const start = async ({ name }: Column) => {
    const worker = await ColumnWorker.start({ column: name, size: 200, rolling: false, redisPort })
    return [name, { worker, listening: await worker.listen() }] as const
  }
  const servers = new Map(await Promise.all(measured.map(start)))
  const speeds: HttpSpeed[] = []
  for (const scenario of scenarios) {
    const turns = measured.filter((column) => scenario !== 'S0' || HTTP_COLUMNS_OF_S0.includes(column))
    for (const { name } of turns) await load(name, scenario, servers.get(name)!.listening, WARM_UP)
    const loads = new Map<Column, Load[]>(turns.map((column) => [column, []]))
    for (let round = 0; round < rounds; round++) {
      // Every second round runs backwards, so that no column always follows the same one.
      for (const column of round % 2 === 0 ? turns : turns.toReversed()) {
        const { name } = column
        loads.get(column)!.push(await load(name, scenario, servers.get(name)!.listening, seconds))
      }
    }
    const averageIn = (round: number) => (column: Column) => loads.get(column)![round]!.requests.average
    for (const [column, all] of loads) {
      speeds.push({
        column: column.name,
        scenario,
        requestsPerSecond: sampleOf(all.map(({ requests }) => (requests.average * 1000) / SAMPLE)),
        share: sampleOf(all.map(({ requests }, round) => requests.average / baseFor(column, averageIn(round)))),
        p50: sampleOf(all.map(({ latency }) => latency.p50)),
        p99: sampleOf(all.map(({ latency }) => latency.p99))
      })
    }
  }
  for (const { worker } of servers.values()) await worker.stop()
  return speeds
}
