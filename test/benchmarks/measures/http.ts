import type { Column } from '../columns/column.ts'
import type { Tell } from '../report/progress.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { ColumnWorker } from './column-worker.ts'
import { type Costs, compare, type Speed } from './comparison.ts'
import type { HttpQuestion } from './http-process.ts'
import { Load } from './load.ts'
import type { Ports, Setup } from './opening.ts'
import { DEFAULT_FLAGS, Worker } from './processes.ts'

export const HTTP_SCENARIOS = ['S0', 'S1', 'S2', 'S5'] as const satisfies readonly Scenario[]
export const CONNECTIONS = 50
const SIZE = 300
/** Milliseconds of load before each turn that do not count, because the other servers ran meanwhile. */
const LEAD_IN = 100

export interface HttpEffort {
  readonly rounds: number
  /** Milliseconds of load on one column in one round. */
  readonly turn: number
  /** Milliseconds of load on each column before a scenario is measured, so that V8 compiles the code first. */
  readonly warmUp: number
}

/** A column as a server in another process, with V8's default flags. The load comes from this process. */
class Server {
  readonly name: string
  readonly #worker: Worker
  readonly #load: Load

  private constructor(worker: Worker, load: Load) {
    this.name = worker.name
    this.#worker = worker
    this.#load = load
  }

  static async start(setup: Setup): Promise<Server> {
    const worker = await Worker.start(setup.column, './http-process', [JSON.stringify(setup)], DEFAULT_FLAGS)
    const port = await worker.ask({ question: 'port' } satisfies HttpQuestion)
    return new Server(worker, await Load.open(port as number, CONNECTIONS))
  }

  async warmUp(scenario: Scenario, milliseconds: number): Promise<void> {
    await this.#load.run(scenario, milliseconds)
  }

  /** @returns microseconds of the server's CPU time for each request */
  async measure(scenario: Scenario, milliseconds: number): Promise<number> {
    await this.#load.run(scenario, LEAD_IN)
    const before = await this.#cpu()
    const requests = await this.#load.run(scenario, milliseconds)
    return ((await this.#cpu()) - before) / requests
  }

  async stop(): Promise<void> {
    this.#load.close()
    await this.#worker.stop()
  }

  #cpu(): Promise<number> {
    return this.#worker.ask({ question: 'cpu' } satisfies HttpQuestion) as Promise<number>
  }
}

/** Measures what a request costs a server over real connections, with V8's default flags. */
export async function measureHttp(
  columns: readonly Column[],
  { rounds, turn, warmUp }: HttpEffort,
  ports: Ports,
  tell: Tell
): Promise<Speed[]> {
  const setups = columns.map(({ name }): Setup => ({ column: name, size: SIZE, rolling: false, ports }))
  tell('each column proves that it does what its scenarios say')
  for (const setup of setups) await (await ColumnWorker.start(setup)).stop()
  const servers: Server[] = []
  for (const setup of setups) servers.push(await Server.start(setup))
  const speeds: Speed[] = []
  for (const scenario of HTTP_SCENARIOS) {
    tell(`${scenario}, warm-up`)
    for (const server of servers) await server.warmUp(scenario, warmUp)
    const found: Costs[] = []
    for (let round = 0; round < rounds; round++) {
      tell(`${scenario}, round ${round + 1} of ${rounds}`)
      const costs = new Map<string, number>()
      // Every second round runs backwards, so that no column always follows the same one.
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        costs.set(server.name, await server.measure(scenario, turn))
      }
      found.push(costs)
    }
    speeds.push({ scenario, size: SIZE, ...compare(found, columns) })
  }
  for (const server of servers) await server.stop()
  return speeds
}
