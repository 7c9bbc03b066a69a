import { setImmediate as tick } from 'node:timers/promises'
import type { SessionStore } from '../../../types/store.ts'
import type { InterleavingOptions } from '../../../types/store-conformance.ts'
import { ACTIONS, type Group } from './actions.ts'
import { Application, cookieValue, type Handler } from './application.ts'
import { GatedStore } from './gated-store.ts'
import { type SavedData, violationsOf, type Went, type World } from './promises.ts'
import { type Waiting, walkSchedules } from './schedules.ts'

/** A promise that was broken, and the order of the store calls in which it was. */
export interface Violation {
  readonly promise: string
  /** For example `1 read, 2 read, 1 replace, 2 replace`. */
  readonly order: string
}

/** Runs several requests at once over one store. Each request has its own application, as if it had its own process. */
export class Interleaving {
  readonly #store: SessionStore
  readonly #gates: readonly GatedStore[]
  readonly #applications: readonly Application[]
  /** Its store has no gate. */
  readonly #probe: Application
  readonly #isRolling: boolean

  private constructor(
    store: SessionStore,
    gates: readonly GatedStore[],
    [probe, ...applications]: [Application, ...Application[]],
    isRolling: boolean
  ) {
    this.#store = store
    this.#gates = gates
    this.#probe = probe
    this.#applications = applications
    this.#isRolling = isRolling
  }

  /** @param count the number of requests that run at once */
  static async over(
    store: SessionStore,
    count: number,
    plugin: NonNullable<InterleavingOptions['plugin']>
  ): Promise<Interleaving> {
    const gates = Array.from({ length: count }, () => new GatedStore(store))
    const probe = await Application.over(store, plugin)
    const applications = await Promise.all(gates.map((gate) => Application.over(gate.store, plugin)))
    return new Interleaving(store, gates, [probe, ...applications], Boolean(plugin.rolling))
  }

  async close(): Promise<void> {
    for (const application of [this.#probe, ...this.#applications]) await application.close()
  }

  /** Runs every order of the operations of these requests. Of several orders that make no difference it runs one. */
  async all(group: Group): Promise<{ orders: number; violations: Violation[] }> {
    const violations = new Map<string, Violation>()
    const orders = await walkSchedules(async (choose) => {
      const steps: string[] = []
      const broken = await this.#run(group, (able) => {
        const chosen = choose(able)
        steps.push(`${able[chosen]!.request + 1} ${able[chosen]!.name}`)
        return chosen
      })
      for (const promise of broken) {
        if (!violations.has(promise)) violations.set(promise, { promise, order: steps.join(', ') })
      }
    })
    return { orders, violations: [...violations.values()] }
  }

  /**
   * Runs the requests in one order, with a new session.
   * @param choose says which of the waiting operations goes next
   * @returns the promises that were broken
   */
  async #run(group: Group, choose: (able: readonly Waiting[]) => number): Promise<string[]> {
    const { cookie } = await this.#probe.send(undefined, (session) => {
      session.user = 'alice'
      session.a = 'before'
      session.n = 0
    })
    const id = cookieValue(cookie)
    const requests = group.map((_, index) => this.#start(group, index, cookie))
    const violations: string[] = []
    for (;;) {
      const able = await this.#waitForAll(requests)
      if (able.length === 0) break
      await this.#gates[able[choose(able)]!.request]!.open()
      if (Buffer.from((await this.#raw(id)) ?? '').includes('role-')) violations.push('a privilege under the old id')
      await this.#waitForAll(requests)
      violations.push(...(await this.#deadCookies(requests)))
    }
    const world = await this.#survey(id, requests)
    return [...violations, ...violationsOf(world)]
  }

  #start(group: Group, index: number, cookie: string | undefined): Went {
    const action = group[index]!
    const name = String.fromCharCode(97 + index)
    const went: Went = { action, name, isOutside: false, answer: null, order: 0 }
    this.#gates[index]!.written.clear()
    const handler = ACTIONS[action](name) as Handler
    this.#applications[index]!.send(cookie, (session) => {
      went.isOutside = session.isNew
      return handler(session)
    }).then((answer) => {
      went.answer = answer
    })
    return went
  }

  /** Waits until each request was answered or waits at its gate. Returns the waiting operations. */
  async #waitForAll(requests: readonly Went[]): Promise<Waiting[]> {
    const gates = this.#gates
    while (requests.some(({ answer }, index) => answer === null && gates[index]!.waiting === null)) await tick()
    return gates.flatMap(({ waiting }, request) => {
      if (requests[request]!.answer !== null || waiting === null) return []
      // The key is made from the request that wrote the id first, because the ids differ from run to run.
      const maker = gates.findIndex(({ written }) => written.has(waiting.id))
      const key = maker < 0 ? 'shared' : `${maker}.${[...gates[maker]!.written.keys()].indexOf(waiting.id)}`
      return [{ request, key, name: waiting.name, isRead: waiting.name === 'read' }]
    })
  }

  /** Checks that no response gives a browser the cookie of a session that does not exist. */
  async #deadCookies(requests: readonly Went[]): Promise<string[]> {
    const violations: string[] = []
    for (const went of requests) {
      if (went.order > 0 || went.answer === null) continue
      went.order = 1 + Math.max(...requests.map(({ order }) => order))
      const { setsCookie, cookie } = went.answer
      if (!setsCookie || cookie === undefined) continue
      const data = await this.#load(cookieValue(cookie))
      if (Object.keys(data).length === 0) violations.push('the cookie of a session that is not there')
    }
    return violations
  }

  async #survey(id: string, requests: readonly Went[]): Promise<World> {
    const written = requests.flatMap((went, index) => (went.isOutside ? [] : [...this.#gates[index]!.written]))
    const ids = [id, ...written.map(([one]) => one)]
    const data = new Map<string, SavedData>()
    for (const one of ids) data.set(one, await this.#load(one))
    const changed = new Set<string>()
    for (const [one, bytes] of written) {
      const now = await this.#raw(one)
      if (now === null || Buffer.compare(now, bytes) !== 0) changed.add(one)
    }
    const opens = new Map<string | undefined, SavedData>([[undefined, {}]])
    for (const cookie of [`session=${id}`, ...requests.map(({ answer }) => answer?.cookie)]) {
      if (cookie !== undefined) opens.set(cookie, await this.#load(cookieValue(cookie)))
    }
    return { id, requests, ids, data, changed, opens, isRolling: this.#isRolling }
  }

  async #raw(id: string): Promise<Uint8Array | null> {
    return this.#store.read(id, 0)
  }

  /** The data that a request with this id would load. */
  async #load(id: string): Promise<SavedData> {
    const { __metadata__: metadata, ...data } = JSON.parse(Buffer.from((await this.#raw(id)) ?? '{}').toString())
    return metadata?.rotated === undefined ? data : {}
  }
}
