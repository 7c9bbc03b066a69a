import { setImmediate as tick } from 'node:timers/promises'
import type { SessionStore } from '../../types/store.ts'
import { type Answer, cookieValue, type Handler, type TestApp, testApp } from './app.ts'
import { GatedStore } from './gated-store.ts'

/** What a request does with the session that all of them carry. `name` tells requests of one kind apart. */
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
    })
} satisfies Record<string, (name: string) => Handler>

export type Action = keyof typeof ACTIONS
export const KINDS = Object.keys(ACTIONS) as Action[]

type Data = Record<string, unknown>

/** A request as it went. */
interface Went {
  readonly action: Action
  readonly name: string
  /** The session that it loaded was a new one: the shared one had ended, or gone elsewhere, before. */
  isOutside: boolean
  answer: Answer | null
  /** A rotation's new session, as it was when its response was sent. */
  rotated: { readonly id: string; readonly data: Data } | null
}

interface World {
  /** The id that all requests carry. */
  readonly id: string
  readonly requests: readonly Went[]
  /** Everything that was written under the session, or came out of it. */
  readonly ids: readonly string[]
  readonly data: ReadonlyMap<string, Data>
}

export interface Outcome {
  /** How many requests could go on, at each step. */
  readonly branches: readonly number[]
  readonly violations: readonly string[]
}

const isAcknowledged = ({ answer, isOutside }: Went): boolean => answer?.status === 200 && !isOutside

/** Runs requests at once over one store, each in an application of its own, as if each had a process to itself. */
export class Interleaving {
  readonly #apps: { readonly test: TestApp; readonly gate: GatedStore }[]
  readonly #probe: TestApp
  readonly #raw: (id: string) => Promise<Uint8Array | null>
  readonly #fresh: () => Promise<void>

  private constructor(
    apps: { test: TestApp; gate: GatedStore }[],
    probe: TestApp,
    raw: (id: string) => Promise<Uint8Array | null>,
    fresh: () => Promise<void>
  ) {
    this.#apps = apps
    this.#probe = probe
    this.#raw = raw
    this.#fresh = fresh
  }

  /**
   * @param store the store of the moment
   * @param fresh empties it, or makes another
   */
  static async over(
    t: { teardown(fn: () => unknown): void },
    store: () => SessionStore,
    fresh: () => Promise<void>
  ): Promise<Interleaving> {
    const apps = []
    for (let i = 0; i < 3; i++) {
      const gate = new GatedStore(store)
      apps.push({ gate, test: await testApp(t, { store: gate.store }) })
    }
    const open = new GatedStore(store)
    open.leaveOpen(true)
    const probe = await testApp(t, { store: open.store })
    return new Interleaving(apps, probe, (id) => store().read(id, 0), fresh)
  }

  /** Every order of the operations of these requests. */
  async all(actions: readonly Action[]): Promise<{ schedules: number; violations: Set<string> }> {
    const violations = new Set<string>()
    let schedules = 0
    let choices: number[] | null = []
    while (choices !== null) {
      const taken: number[] = choices
      const outcome = await this.run(actions, (step) => taken[step] ?? 0)
      for (const violation of outcome.violations) violations.add(violation)
      schedules++
      choices = next(taken, outcome.branches)
    }
    return { schedules, violations }
  }

  /** @param choose which of the requests that can go on does, at a step */
  async run(actions: readonly Action[], choose: (step: number, branches: number) => number): Promise<Outcome> {
    await this.#fresh()
    const { cookie } = await this.#probe.send(undefined, (session) => {
      session.user = 'alice'
      session.a = 'before'
      session.n = 0
    })
    const id = cookieValue(cookie)
    const requests = actions.map((action, index) => this.#start(action, index, cookie))
    const gates = this.#apps.slice(0, actions.length).map(({ gate }) => gate)
    const branches: number[] = []
    const violations: string[] = []
    for (;;) {
      const able = await waitForAll(requests, gates)
      if (able.length === 0) break
      const choice = choose(branches.length, able.length)
      branches.push(able.length)
      await able[choice]!.open()
      if (Buffer.from((await this.#raw(id)) ?? '').includes('role-')) violations.push('a privilege under the old id')
      await waitForAll(requests, gates)
      await this.#noteRotations(requests)
    }
    const world = await this.#survey(id, requests, gates)
    return { branches, violations: [...violations, ...violationsOf(world)] }
  }

  #start(action: Action, index: number, cookie: string | undefined): Went {
    const name = String.fromCharCode(97 + index)
    const went: Went = { action, name, isOutside: false, answer: null, rotated: null }
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

  async #noteRotations(requests: readonly Went[]): Promise<void> {
    for (const went of requests) {
      if (!went.action.startsWith('regenerate') || went.rotated !== null || !isAcknowledged(went)) continue
      const id = cookieValue(went.answer?.cookie)
      went.rotated = { id, data: await this.#load(id) }
    }
  }

  async #survey(id: string, requests: readonly Went[], gates: readonly GatedStore[]): Promise<World> {
    const ids = [id, ...requests.flatMap((went, index) => (went.isOutside ? [] : [...gates[index]!.written]))]
    const data = new Map<string, Data>()
    for (const one of ids) data.set(one, await this.#load(one))
    return { id, requests, ids, data }
  }

  async #load(id: string): Promise<Data> {
    return (await this.#probe.send(`session=${id}`, (session) => session.data())).body as Data
  }
}

/** Waits until each request has been answered or stands at a gate; the gates that can be opened. */
async function waitForAll(requests: readonly Went[], gates: readonly GatedStore[]): Promise<GatedStore[]> {
  while (requests.some(({ answer }, index) => answer === null && gates[index]!.waiting === null)) await tick()
  return gates.filter((gate, index) => requests[index]!.answer === null && gate.waiting !== null)
}

/** The next schedule, depth first. */
function next(taken: readonly number[], branches: readonly number[]): number[] | null {
  for (let step = branches.length - 1; step >= 0; step--) {
    const choice = taken[step] ?? 0
    if (choice + 1 < branches[step]!) return [...branches.slice(0, step).map((_, i) => taken[i] ?? 0), choice + 1]
  }
  return null
}

/** What must hold, whatever the order was. */
function violationsOf({ id, requests, ids, data }: World): string[] {
  const violations: string[] = []
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

  // A destroy() that came upon the tombstone was outside, and follows it all the same.
  const destroyed = requests.some(({ action, answer }) => action === 'destroy' && answer?.status === 200)
  if (destroyed) check(live.length === 0, 'life after destroy()')
  if (did('clear')) check(live.length === 0, 'life after clear()')
  const rotated = acknowledged.filter(({ action }) => action.startsWith('regenerate'))
  if (rotated.length > 0) check(Object.keys(data.get(id)!).length === 0, 'life under an id that was rotated away')
  for (const went of rotated) {
    const now = data.get(went.rotated!.id)!
    const isSame = JSON.stringify(now) === JSON.stringify(went.rotated!.data)
    check(isSame || destroyed, 'a write into the rotated session by who held the old id')
  }
  if (destroyed || did('clear')) return violations

  check(live.length > 0, 'a session that is lost')
  // What two rotations at once make are two sessions; what was written before is in the one that came first.
  const has = (key: string, value: unknown) => live.some((one) => one[key] === value)
  for (const { action, name } of acknowledged) {
    if (action.startsWith('regenerate')) check(has(`role-${name}`, 'admin'), 'a lost privilege')
    // What regenerate(keep) does not list is dropped, whoever wrote it.
    if (action === 'write other key' && !did('regenerate')) check(has(`key-${name}`, name), 'a lost write')
  }
  if (did('regenerate')) return violations
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
