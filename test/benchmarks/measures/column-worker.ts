import type { Scenario } from '../scenarios/scenarios.ts'
import type { Task } from './column-process.ts'
import type { Setup } from './opening.ts'
import type { Path } from './path-count.ts'
import { Worker } from './processes.ts'

const IN_FLIGHT = 16
/** Requests that warm the caches before each turn, because the other columns ran meanwhile. */
const LEAD_IN = 100

/** A column in a separate process. */
export class ColumnWorker {
  readonly name: string
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.name = worker.name
    this.#worker = worker
  }

  /** @throws if the column does not do what its scenarios say */
  static async start(setup: Setup): Promise<ColumnWorker> {
    return new ColumnWorker(await Worker.start(setup.column, './column-process', [JSON.stringify(setup)]))
  }

  /** @returns microseconds of CPU time for each request */
  async measure(scenario: Scenario, requests: number): Promise<number> {
    await this.leadIn(scenario)
    return this.turn(scenario, requests)
  }

  async leadIn(scenario: Scenario): Promise<void> {
    await this.turn(scenario, LEAD_IN)
  }

  /** The same as `measure`, but without a lead-in. */
  turn(scenario: Scenario, requests: number): Promise<number> {
    return this.send(scenario, requests, IN_FLIGHT)
  }

  send(scenario: Scenario, requests: number, inFlight: number): Promise<number> {
    return this.#ask({ kind: 'measure', scenario, requests, inFlight }) as Promise<number>
  }

  path(scenario: Scenario): Promise<Path> {
    return this.#ask({ kind: 'path', scenario }) as Promise<Path>
  }

  stop(): Promise<void> {
    return this.#worker.stop()
  }

  #ask(task: Task): Promise<unknown> {
    return this.#worker.ask(task)
  }
}
