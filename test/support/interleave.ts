import { setImmediate as tick } from 'node:timers/promises'
import type { Test } from 'tap'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Answer, cookieValue, type Handler, type TestApp, testApp } from './app.ts'
import { browserViolations } from './browser-orders.ts'
import { GatedStore } from './gated-store.ts'
import { type Waiting, walkSchedules } from './schedules.ts'

/** The actions of a request. All requests use the same session, and `name` tells requests with one action apart. */
export const ACTIONS = {
  read: () => (session) => session.data(),
  'write other key': (name) => (session) => void session.set(`key-${name}`, name),
  'write same key': (name) => (session) => void (session.a = name),
  clear: () => (session) => session.clear(),
  destroy: () => (session) => session.destroy(),
  regenerateId: (name) => async (session) => {
    await session.regenerateId()
    session.set(`role-${name}`, 'admin')
  },
  regenerate: (name) => async (session) => {
    await session.regenerate(['user'])
    session.set(`role-${name}`, 'admin')
  },
  update: () => (session) =>
    session.update((newest) => {
      newest.n = (newest.n ?? 0) + 1
    }),
  page: () => (session) => void (session.csrf ??= 'x')
} satisfies Record<string, (name: string) => Handler>

export type Action = keyof typeof ACTIONS
const KINDS = Object.keys(ACTIONS) as Action[]

/** All combinations of two actions, and of three actions. */
export const PAIRS = KINDS.flatMap((one, index) => KINDS.slice(index).map((other) => [one, other] as const))
export const TRIPLES = PAIRS.flatMap(([one, other]) =>
  KINDS.slice(KINDS.indexOf(other)).map((third) => [one, other, third] as const)
)
/** Some combinations of three actions, for servers where all would take too long. */
export const SOME_TRIPLES = TRIPLES.filter((_, index) => index % 8 === 0)

type Data = Record<string, unknown>

/** A request that runs or has run. */
interface Went {
  readonly action: Action
  readonly name: string
  /** The request loaded a new session, because the shared session had ended or had a new id already. */
  isOutside: boolean
  answer: Answer | null
  /** The position of its answer among all answers, starting with 1. It is 0 until the answer was checked. */
  order: number
}

interface World {
  /** The id that all requests carry. */
  readonly id: string
  readonly requests: readonly Went[]
  /** The ids of all records of the session, including the records that it was rotated into. */
  readonly ids: readonly string[]
  readonly data: ReadonlyMap<string, Data>
  /** The ids of records that have changed since their own request wrote them. */
  readonly changed: ReadonlySet<string>
  /** The data that a browser with this cookie gets. */
  readonly opens: ReadonlyMap<string | undefined, Data>
  readonly isRolling: boolean
}

const isAcknowledged = ({ answer, isOutside }: Went): boolean => answer?.status === 200 && !isOutside

/** Runs several requests at once over one store. Each request has its own application, as if it had its own process. */
export class Interleaving {
  readonly #apps: { readonly test: TestApp; readonly gate: GatedStore }[]
  readonly #probe: TestApp
  readonly #raw: (id: string) => Promise<Uint8Array | null>
  readonly #fresh: () => Promise<void>
  readonly #isRolling: boolean

  private constructor(
    apps: { test: TestApp; gate: GatedStore }[],
    probe: TestApp,
    raw: (id: string) => Promise<Uint8Array | null>,
    fresh: () => Promise<void>,
    isRolling: boolean
  ) {
    this.#isRolling = isRolling
    this.#apps = apps
    this.#probe = probe
    this.#raw = raw
    this.#fresh = fresh
  }

  /**
   * @param store gives the current store
   * @param fresh empties the store, or makes a new one
   * @param options further options of the applications
   */
  static async over(
    t: { teardown(fn: () => unknown): void },
    store: () => SessionStore,
    fresh: () => Promise<void>,
    options: StarsessionsOptions = {}
  ): Promise<Interleaving> {
    const apps = []
    for (let i = 0; i < 3; i++) {
      const gate = new GatedStore(store)
      apps.push({ gate, test: await testApp(t, { ...options, store: gate.store }) })
    }
    const open = new GatedStore(store)
    open.leaveOpen(true)
    const probe = await testApp(t, { ...options, store: open.store })
    return new Interleaving(apps, probe, (id) => store().read(id, 0), fresh, options.rolling === true)
  }

  /**
   * Checks the promises in every order of each group of requests.
   * @returns the number of orders
   */
  async hold(t: Pick<Test, 'same'>, groups: readonly (readonly Action[])[]): Promise<number> {
    let total = 0
    for (const group of groups) {
      const { schedules, violations } = await this.all(group)
      t.same([...violations], [], `${group.join(', ')}: ${schedules} orders`)
      total += schedules
    }
    return total
  }

  /** Runs every order of the operations of these requests. Of several orders that make no difference it runs one. */
  async all(actions: readonly Action[]): Promise<{ schedules: number; violations: Set<string> }> {
    const violations = new Set<string>()
    const schedules = await walkSchedules(async (choose) => {
      for (const violation of await this.run(actions, choose)) violations.add(violation)
    })
    return { schedules, violations }
  }

  /**
   * Runs the requests in one order.
   * @param choose says which of the waiting operations goes next
   * @returns the promises that were broken
   */
  async run(actions: readonly Action[], choose: (able: readonly Waiting[]) => number): Promise<string[]> {
    await this.#fresh()
    // Nobody reads the logs, and the logs of all requests would fill the memory.
    for (const { log } of [this.#probe, ...this.#apps.map(({ test }) => test)]) log.length = 0
    const { cookie } = await this.#probe.send(undefined, (session) => {
      session.user = 'alice'
      session.a = 'before'
      session.n = 0
    })
    const id = cookieValue(cookie)
    const requests = actions.map((action, index) => this.#start(action, index, cookie))
    const gates = this.#apps.slice(0, actions.length).map(({ gate }) => gate)
    const violations: string[] = []
    for (;;) {
      const able = await waitForAll(requests, gates)
      if (able.length === 0) break
      await gates[able[choose(able)]!.request]!.open()
      if (Buffer.from((await this.#raw(id)) ?? '').includes('role-')) violations.push('a privilege under the old id')
      await waitForAll(requests, gates)
      violations.push(...(await this.#deadCookies(requests)))
    }
    const world = await this.#survey(id, requests, gates)
    return [...violations, ...violationsOf(world)]
  }

  #start(action: Action, index: number, cookie: string | undefined): Went {
    const name = String.fromCharCode(97 + index)
    const went: Went = { action, name, isOutside: false, answer: null, order: 0 }
    const { test, gate } = this.#apps[index]!
    gate.written.clear()
    const handler = ACTIONS[action](name) as Handler
    test
      .send(cookie, (session, request) => {
        went.isOutside = session.isNew
        return handler(session, request)
      })
      .then((answer) => {
        went.answer = answer
      })
    return went
  }

  /** Checks that no response gives a browser the cookie of a session that does not exist. */
  async #deadCookies(requests: readonly Went[]): Promise<string[]> {
    const violations: string[] = []
    for (const went of requests) {
      if (went.order > 0 || went.answer === null) continue
      went.order = 1 + Math.max(...requests.map(({ order }) => order))
      const { lines, cookie } = went.answer
      if (lines.length === 0 || cookie === undefined) continue
      const data = await this.#load(cookieValue(cookie))
      if (Object.keys(data).length === 0) violations.push('the cookie of a session that is not there')
    }
    return violations
  }

  async #survey(id: string, requests: readonly Went[], gates: readonly GatedStore[]): Promise<World> {
    const written = requests.flatMap((went, index) => (went.isOutside ? [] : [...gates[index]!.written]))
    const ids = [id, ...written.map(([one]) => one)]
    const data = new Map<string, Data>()
    for (const one of ids) data.set(one, await this.#load(one))
    const changed = new Set<string>()
    for (const [one, bytes] of written) {
      const now = await this.#raw(one)
      if (now === null || Buffer.compare(now, bytes) !== 0) changed.add(one)
    }
    const opens = new Map<string | undefined, Data>([[undefined, {}]])
    for (const cookie of [`session=${id}`, ...requests.map(({ answer }) => answer?.cookie)]) {
      if (cookie !== undefined) opens.set(cookie, await this.#load(cookieValue(cookie)))
    }
    return { id, requests, ids, data, changed, opens, isRolling: this.#isRolling }
  }

  /** The data that a request with this id would load. */
  async #load(id: string): Promise<Data> {
    const { __metadata__: metadata, ...data } = JSON.parse(Buffer.from((await this.#raw(id)) ?? '{}').toString())
    return metadata?.rotated === undefined ? data : {}
  }
}

/** Waits until each request was answered or waits at its gate. Returns the waiting operations. */
async function waitForAll(requests: readonly Went[], gates: readonly GatedStore[]): Promise<Waiting[]> {
  while (requests.some(({ answer }, index) => answer === null && gates[index]!.waiting === null)) await tick()
  return gates.flatMap(({ waiting }, request) => {
    if (requests[request]!.answer !== null || waiting === null) return []
    // The key is made from the request that wrote the id first, because the ids differ from run to run.
    const maker = gates.findIndex(({ written }) => written.has(waiting.id))
    const key = maker < 0 ? 'shared' : `${maker}.${[...gates[maker]!.written.keys()].indexOf(waiting.id)}`
    return [{ request, key, isRead: waiting.name === 'read' }]
  })
}

/** The promises that were broken. They must hold in every order. */
function violationsOf({ id, requests, ids, data, changed, opens, isRolling }: World): string[] {
  const violations = browserViolations(
    `session=${id}`,
    requests.map((went) => ({
      order: went.order,
      answer: went.answer as Answer,
      isLogin: went.action.startsWith('regenerate'),
      isLogout: went.action === 'destroy' || (went.action === 'clear' && !went.isOutside)
    })),
    (cookie) => opens.get(cookie) as Data,
    isRolling
  )
  const check = (holds: boolean, violation: string) => {
    if (!holds) violations.push(violation)
  }
  const acknowledged = requests.filter(isAcknowledged)
  const live = ids.map((one) => data.get(one)!).filter((one) => Object.keys(one).length > 0)
  const did = (...actions: Action[]) => acknowledged.some(({ action }) => actions.includes(action))

  for (const { answer } of requests) {
    check(answer?.status === 200 || answer?.status === 409, `a status ${answer?.status}`)
    if (answer?.status === 409) check(answer.lines.length === 0, 'a cookie beside a 409')
  }

  // A destroy() that found the tombstone counts as outside, but it still follows the tombstone.
  const destroyed = requests.some(({ action, answer }) => action === 'destroy' && answer?.status === 200)
  if (destroyed) check(live.length === 0, 'life after destroy()')
  if (did('clear')) check(live.length === 0, 'life after clear()')
  const rotated = acknowledged.filter(({ action }) => action.startsWith('regenerate'))
  if (rotated.length > 0) check(Object.keys(data.get(id)!).length === 0, 'life under an id that was rotated away')
  for (const { answer } of rotated) {
    const isAsWritten = !changed.has(cookieValue(answer?.cookie))
    check(isAsWritten || destroyed, 'a write into the rotated session by who held the old id')
  }
  if (destroyed || did('clear')) return violations

  check(live.length > 0, 'a session that is lost')
  // Two rotations at once make two sessions. Data that were written before are in the session of the first rotation.
  const has = (key: string, value: unknown) => live.some((one) => one[key] === value)
  for (const { action, name } of acknowledged) {
    if (action.startsWith('regenerate')) check(has(`role-${name}`, 'admin'), 'a lost privilege')
    // regenerate(keep) drops all keys that it does not list, also keys of other requests.
    if (action === 'write other key' && !did('regenerate')) check(has(`key-${name}`, name), 'a lost write')
  }
  if (did('regenerate')) return violations
  if (did('page')) check(has('csrf', 'x'), 'a lost write')
  const writers = acknowledged.filter(({ action }) => action === 'write same key').map(({ name }) => name)
  if (writers.length > 0)
    check(
      writers.some((name) => has('a', name)),
      'a lost write'
    )
  const counted = Math.max(...live.map(({ n }) => Number(n)))
  const updates = acknowledged.filter(({ action }) => action === 'update').length
  check(counted === updates, `${updates} acknowledged updates, ${counted} counted`)
  return violations
}
