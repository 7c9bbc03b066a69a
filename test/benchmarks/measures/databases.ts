import type { Column } from '../columns/column.ts'
import { DATABASE_COLUMNS } from '../columns/index.ts'
import type { Tell } from '../report/progress.ts'
import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { ColumnWorker } from './column-worker.ts'
import { type Costs, compare, type Speed } from './comparison.ts'
import type { Ports } from './opening.ts'
import { PostgresCounter, type PostgresCounts } from './postgres-counter.ts'
import { serverCpu, spentBetween } from './server-cpu.ts'
import { type Effort, warmUp } from './speed.ts'
import { requestsIn } from './turn.ts'

const SIZE = 200
/** One after the other, so that no two statements share a round trip. */
const COUNTED_REQUESTS = 50
const FIXED: readonly Scenario[] = ['S1', 'S2', 'S5', 'S3']
/** `rolling` is an option of the whole application, so S4 runs in separate processes. */
const ROLLING: readonly Scenario[] = ['S4']

/** A server that columns need, in processes whose CPU time can be read. */
export interface MeasuredServer {
  readonly port: number
  readonly pid: number
}

export interface MeasuredServers {
  readonly redis?: MeasuredServer | undefined
  readonly postgres?: MeasuredServer | undefined
}

/** The figures of one scenario, by the column's name. */
export interface DatabaseSpeed extends Speed {
  /** Microseconds of CPU time of the server for each request. Columns without a server are missing. */
  readonly server: ReadonlyMap<string, Sample>
  /** For each request. Only columns with PostgreSQL are there. */
  readonly traffic: ReadonlyMap<string, PostgresCounts>
}

/** Measures what sessions in a database cost the process of the application, and the server. */
export async function measureDatabases(effort: Effort, servers: MeasuredServers, tell: Tell): Promise<DatabaseSpeed[]> {
  const serverOf = ({ needs }: Column) => servers[needs === 'postgres' ? 'postgres' : 'redis']
  const columns = DATABASE_COLUMNS.filter((column) => column.needs === undefined || serverOf(column) !== undefined)
  const speeds: DatabaseSpeed[] = []
  for (const scenarios of [FIXED, ROLLING]) {
    const traffic = await countTraffic(columns, scenarios, servers, tell)
    tell(`${scenarios.join(', ')}: start and warm-up`)
    const rivals: Rival[] = []
    for (const column of columns) {
      const worker = await start(column, scenarios, { redis: servers.redis?.port, postgres: servers.postgres?.port })
      rivals.push({ worker, pid: column.needs && serverOf(column)?.pid })
    }
    for (const scenario of scenarios) {
      const { requests, time } = effort.warmUp
      const each = { requests, time: time / scenarios.length }
      await Promise.all(rivals.map(({ worker }) => warmUp(worker, scenario, each)))
    }
    for (const scenario of scenarios) {
      tell(scenario)
      const { node, server } = await measureRounds(scenario, rivals, effort)
      const counted = new Map(traffic.get(scenario))
      speeds.push({ scenario, size: SIZE, ...compare(node, columns), server, traffic: counted })
    }
    for (const { worker } of rivals) await worker.stop()
  }
  return speeds
}

const start = ({ name }: Column, scenarios: readonly Scenario[], ports: Ports): Promise<ColumnWorker> =>
  ColumnWorker.start({ column: name, size: SIZE, rolling: scenarios === ROLLING, ports })

/** A column, and the process of its server. */
interface Rival {
  readonly worker: ColumnWorker
  readonly pid: number | undefined
}

/** What one turn cost for each request. */
interface Turn {
  readonly node: number
  readonly server: number | undefined
}

async function measureTurn({ worker, pid }: Rival, scenario: Scenario, requests: number): Promise<Turn> {
  await worker.leadIn(scenario)
  const before = pid === undefined ? undefined : serverCpu(pid)
  const node = await worker.turn(scenario, requests)
  const after = pid === undefined ? undefined : serverCpu(pid)
  const isCounted = before !== undefined && after !== undefined
  return { node, server: isCounted ? spentBetween(before, after) / requests : undefined }
}

async function measureRounds(scenario: Scenario, rivals: readonly Rival[], { rounds, turn }: Effort) {
  const requests = new Map<Rival, number>()
  for (const rival of rivals) requests.set(rival, requestsIn(turn, await rival.worker.turn(scenario, 200)))
  const node: Costs[] = []
  const server = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    const costs = new Map<string, number>()
    // Every second round runs backwards, so that no column always follows the same one.
    for (const rival of round % 2 === 0 ? rivals : rivals.toReversed()) {
      const { name } = rival.worker
      const found = await measureTurn(rival, scenario, requests.get(rival)!)
      costs.set(name, found.node)
      if (found.server !== undefined) server.set(name, [...(server.get(name) ?? []), found.server])
    }
    node.push(costs)
  }
  return { node, server: new Map([...server].map(([name, values]) => [name, sampleOf(values)])) }
}

/** In processes of their own, because the counting would slow down the measured ones. */
async function countTraffic(
  columns: readonly Column[],
  scenarios: readonly Scenario[],
  { postgres }: MeasuredServers,
  tell: Tell
): Promise<ReadonlyMap<Scenario, readonly [string, PostgresCounts][]>> {
  const traffic = new Map(scenarios.map((scenario): [Scenario, [string, PostgresCounts][]] => [scenario, []]))
  if (postgres === undefined) return traffic
  const counter = await PostgresCounter.start(postgres.port)
  for (const column of columns.filter(({ needs }) => needs === 'postgres')) {
    tell(`round trips of ${column.name}`)
    const worker = await start(column, scenarios, { postgres: counter.port })
    for (const scenario of scenarios) {
      // The first requests also prepare the statements. They do not count.
      await worker.send(scenario, COUNTED_REQUESTS, 1)
      counter.take()
      await worker.send(scenario, COUNTED_REQUESTS, 1)
      const { roundTrips, bytesIn, bytesOut } = counter.take()
      const [each, sent, received] = [roundTrips, bytesIn, bytesOut].map((count) => count / COUNTED_REQUESTS)
      traffic.get(scenario)!.push([column.name, { roundTrips: each!, bytesIn: sent!, bytesOut: received! }])
    }
    await worker.stop()
  }
  await counter.stop()
  return traffic
}
