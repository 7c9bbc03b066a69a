import { setImmediate as tick } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Waiting, walkSchedules } from '../../lib/conformance/interleaving/schedules.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Answer, cookieValue, type Handler, type TestApp, testApp } from './app.ts'

/** A step of a request that waits at its gate. */
export interface GatedStep {
  readonly name: string
  /** What the step works on. Steps with other keys commute. */
  readonly key: string
  readonly isRead: boolean
  run(): Promise<void>
  fail(): void
}

/** The steps of one request. */
export class Gate {
  readonly steps: GatedStep[] = []
  /** After so many steps, the request's process dies. */
  limit = Number.POSITIVE_INFINITY
  taken = 0
  #isClosed = false

  /** Runs a call when the test opens the gate. */
  pass<T>(name: string, key: string, isRead: boolean, call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('this process is dead'))
    return new Promise<T>((resolve, reject) => {
      const fail = () => reject(new Error('this process is dead'))
      this.steps.push({ name, key, isRead, run: () => call().then(resolve, reject), fail })
    })
  }

  reset(limit: number): void {
    this.#isClosed = false
    this.limit = limit
    this.taken = 0
  }

  /** Lets a dead request fail, so that it does nothing any more in the next run. */
  close(): void {
    this.#isClosed = true
    for (const { fail } of this.steps.splice(0)) fail()
  }

  /**
   * The step that is next. Redis returns the entries of a user in random order. So calls at the same time are sorted, to
   * have the same order in each run.
   */
  get next(): GatedStep | undefined {
    const [first] = this.steps
    const alike = this.steps.filter(({ name }) => name === first?.name)
    return alike.sort((a, b) => (a.key < b.key ? -1 : 1))[0]
  }

  get isDead(): boolean {
    return this.taken >= this.limit
  }

  async open(): Promise<void> {
    const { next } = this
    if (next === undefined) return
    this.taken++
    this.steps.splice(this.steps.indexOf(next), 1)
    await next.run()
  }
}

/** A session that a request could open now. */
export interface Alive {
  /** The name of its record, as `Stage.nameOf` makes it. */
  readonly name: string
  readonly handle: string
  /** The entry of its handle has its record. */
  readonly isListed: boolean
}

/** A kind of store. Each request has a store of its own, as if it had its own process. */
export interface Stage {
  /** The store of one request. */
  storeFor(gate: Gate): SessionStore
  /** The same store without a gate. */
  readonly open: SessionStore
  fresh(): Promise<void>
  nameOf(sessionId: string): string
  /** The living sessions of users. */
  alive(): Promise<readonly Alive[]>
}

interface Start {
  readonly cookie: string | undefined
  readonly cart: string | undefined
  readonly handle: string
  /** Before anything else began. */
  readonly early: Date
}

type Action = (start: Start) => { cookie?: string | undefined; handler: Handler }

const ofAda = (request: Parameters<Handler>[1]) => request.server.sessionsOf('ada')

export const USER_ACTIONS = {
  // The password was checked before anything else began.
  login: ({ early }) => ({ handler: (session) => session.bindTo('ada', { authenticatedAt: early }) }),
  'login over a cart': ({ cart, early }) => ({
    cookie: cart,
    handler: (session) => session.bindTo('ada', { authenticatedAt: early })
  }),
  endAll: () => ({ handler: (_, request) => ofAda(request).endAll().then(String) }),
  end: ({ handle }) => ({ handler: (_, request) => ofAda(request).end(handle).then(String) }),
  'endAll except': ({ handle }) => ({
    handler: (_, request) => ofAda(request).endAll({ except: handle }).then(String)
  }),
  regenerateId: ({ cookie }) => ({ cookie, handler: (session) => session.regenerateId() }),
  destroy: ({ cookie }) => ({ cookie, handler: (session) => session.destroy() }),
  write: ({ cookie }) => ({ cookie, handler: (session) => void (session.n = 1) }),
  'log in again': ({ cookie, early }) => ({
    cookie,
    handler: (session) => session.bindTo('ada', { authenticatedAt: early })
  }),
  clear: ({ cookie }) => ({ cookie, handler: (session) => session.clear() })
} satisfies Record<string, Action>

export type UserAction = keyof typeof USER_ACTIONS
const NAMES = Object.keys(USER_ACTIONS) as UserAction[]

export const USER_PAIRS = NAMES.flatMap((one, index) => NAMES.slice(index).map((other) => [one, other] as const))
/** All combinations of three with `endAll`. */
export const ENDING_TRIPLES = USER_PAIRS.map(([one, other]) => [one, other, 'endAll'] as const)

/** Walks of all groups take hours, so a test walks through some of them, unless the environment has `WALKS=all`. */
export const walked = <Group>(groups: readonly Group[], isChosen: (index: number) => boolean): readonly Group[] =>
  process.env.WALKS === 'all' ? groups : groups.filter((_, index) => isChosen(index))

/** A step waits at its gate until all others have had their turn, which takes long on a busy machine. */
const PATIENCE = { storeTimeout: 60 }

interface Request {
  readonly action: UserAction
  answer: Answer | null
  isNew: boolean
  handle: string | undefined
}

export interface Walk {
  schedules: number
  readonly violations: Set<string>
}

/** Runs requests of one user in every order of their steps, and checks the promises after each step. */
export class UserWalk {
  readonly #stage: Stage
  readonly #gates: Gate[] = []
  readonly #apps: TestApp[] = []
  #probe!: TestApp
  readonly #max: number

  private constructor(stage: Stage, max: number) {
    this.#stage = stage
    this.#max = max
  }

  static async over(
    t: { teardown(fn: () => unknown): void },
    stage: Stage,
    options: StarsessionsOptions = {}
  ): Promise<UserWalk> {
    const walk = new UserWalk(stage, options.perUser?.max ?? 100)
    for (let index = 0; index < 3; index++) {
      const gate = new Gate()
      walk.#gates.push(gate)
      walk.#apps.push(await testApp(t, { ...PATIENCE, ...options, store: stage.storeFor(gate) }))
    }
    walk.#probe = await testApp(t, { ...PATIENCE, ...options, store: stage.open })
    return walk
  }

  /** Runs every order. With `crashes`, also every order in which one of the requests dies after any of its steps. */
  async all(actions: readonly UserAction[], crashes = false): Promise<Walk> {
    const walk: Walk = { schedules: 0, violations: new Set() }
    const steps = await this.#every(actions, walk, undefined)
    if (!crashes) return walk
    for (const [index, most] of steps.entries()) {
      for (let limit = 0; limit < most; limit++) await this.#every(actions, walk, { index, limit })
    }
    return walk
  }

  /** @returns the number of orders */
  async hold(t: Pick<Test, 'same'>, groups: readonly (readonly UserAction[])[], crashes = false): Promise<number> {
    let total = 0
    for (const group of groups) {
      const { schedules, violations } = await this.all(group, crashes)
      t.same([...violations], [], `${group.join(', ')}: ${schedules} orders`)
      total += schedules
    }
    return total
  }

  async #every(
    actions: readonly UserAction[],
    walk: Walk,
    death: { index: number; limit: number } | undefined
  ): Promise<number[]> {
    const most = actions.map(() => 0)
    walk.schedules += await walkSchedules(async (choose) => {
      for (const violation of await this.#run(actions, death, choose, most)) walk.violations.add(violation)
    })
    return most
  }

  async #run(
    actions: readonly UserAction[],
    death: { index: number; limit: number } | undefined,
    choose: (able: readonly Waiting[]) => number,
    most: number[]
  ): Promise<string[]> {
    await this.#stage.fresh()
    for (const { log } of [this.#probe, ...this.#apps]) log.length = 0
    const start = await this.#begin()
    const gates = this.#gates.slice(0, actions.length)
    for (const [index, gate] of gates.entries()) {
      gate.reset(death?.index === index ? death.limit : Number.POSITIVE_INFINITY)
    }
    const requests = actions.map((action, index) => this.#start(action, index, start))
    const violations: string[] = []
    const check = new Checks(this.#max, start, requests, violations, (id) => this.#stage.nameOf(id))
    for (;;) {
      const able = await this.#able(requests, gates)
      if (able.length === 0) break
      await gates[able[choose(able)]!.request]!.open()
      await this.#able(requests, gates)
      check.after(await this.#stage.alive())
    }
    for (const [index, gate] of gates.entries()) most[index] = Math.max(most[index]!, gate.taken)
    const alive = await this.#stage.alive()
    check.atEnd(alive, death?.index)
    for (const gate of gates) gate.close()
    while (requests.some(({ answer }) => answer === null)) await tick()
    await this.#loginAfter(violations)
    return violations
  }

  /** Ada has a session in one browser, another one elsewhere, and an anonymous cart in a third browser. */
  async #begin(): Promise<Start> {
    const early = new Date(Date.now() - 10)
    const bindTo =
      (at: number): Handler =>
      (session) => {
        session.bindTo('ada', { authenticatedAt: new Date(at) })
        return session.handle
      }
    const { cookie, body } = await this.#probe.send(undefined, bindTo(early.getTime() - 1))
    await this.#probe.send(undefined, bindTo(early.getTime() - 2))
    const { cookie: cart } = await this.#probe.send(undefined, (session) => void (session.cart = 1))
    return { cookie, cart, handle: String(body), early }
  }

  #start(action: UserAction, index: number, start: Start): Request {
    const request: Request = { action, answer: null, isNew: false, handle: undefined }
    const { cookie, handler }: { cookie?: string | undefined; handler: Handler } = USER_ACTIONS[action](start)
    this.#apps[index]!.send(cookie, async (session: Session, raw) => {
      request.isNew = session.isNew
      const result = await handler(session, raw)
      request.handle = session.handle
      return result
    }).then((answer) => {
      request.answer = answer
    })
    return request
  }

  /** Waits until each request was answered, has died, or waits at its gate. Returns the steps that can be next. */
  async #able(requests: readonly Request[], gates: readonly Gate[]): Promise<Waiting[]> {
    const isBusy = (index: number) => requests[index]!.answer === null && gates[index]!.steps.length === 0
    while (gates.some((_, index) => isBusy(index))) await tick()
    return gates.flatMap((gate, request) => {
      const step = gate.next
      if (step === undefined || gate.isDead) return []
      return [{ request, key: step.key, name: step.name, isRead: step.isRead }]
    })
  }

  /** Whoever logs in afterwards is logged in, whatever has happened before. */
  async #loginAfter(violations: string[]): Promise<void> {
    const { status, cookie } = await this.#probe.send(undefined, (session) => session.bindTo('ada'))
    const { body } = await this.#probe.send(cookie, (session) => [session.userId, session.handle])
    const [user, handle] = body as [string | null, string | null]
    if (status !== 200 || user !== 'ada') violations.push(`a later login is answered with ${status}, user ${user}`)
    const listed = (await this.#probe.app.sessionsOf('ada').list()).map((one) => one.handle)
    if (!listed.includes(String(handle))) violations.push('a later login is not listed')
    await this.#probe.app.sessionsOf('ada').endAll()
    if ((await this.#stage.alive()).length > 0) violations.push('a session survives a later endAll')
  }
}

/** The promises about the sessions of a user. */
class Checks {
  readonly #max: number
  readonly #handle: string
  readonly #requests: readonly Request[]
  readonly #violations: string[]
  readonly #nameOf: (id: string) => string
  /** The names of records whose cookie a browser has. Nobody knows the id of another record. */
  readonly #known: Set<string>
  #isEnded = false
  #isLoggedOut = false
  #allDead: ((handle: string) => boolean) | undefined

  constructor(
    max: number,
    { handle, cookie }: Start,
    requests: readonly Request[],
    violations: string[],
    nameOf: (id: string) => string
  ) {
    this.#max = max
    this.#handle = handle
    this.#nameOf = nameOf
    this.#known = new Set([nameOf(cookieValue(cookie))])
    this.#requests = requests
    this.#violations = violations
  }

  after(alive: readonly Alive[]): void {
    this.#note()
    const handles = new Set(alive.map(({ handle }) => handle))
    this.#check(handles.size <= this.#max, `${handles.size} sessions are alive, and the limit is ${this.#max}`)
    for (const { handle, isListed, name } of alive) {
      this.#check(isListed, 'a living session is not listed')
      const isOurs = handle === this.#handle
      this.#check(!(isOurs && this.#isEnded), 'life after end()')
      // A request that dies in the middle of a rotation leaves a record behind, but nobody has its id.
      this.#check(!(isOurs && this.#isLoggedOut && this.#known.has(name)), 'life after a logout')
      this.#check(!this.#allDead?.(handle), 'life after endAll()')
    }
  }

  atEnd(alive: readonly Alive[], died: number | undefined): void {
    this.after(alive)
    const handles = new Set(alive.map(({ handle }) => handle))
    const did = (...actions: UserAction[]) => this.#requests.some(({ action }) => actions.includes(action))
    for (const [index, { action, answer, handle }] of this.#requests.entries()) {
      if (index === died) continue
      const { status, lines } = answer as Answer
      this.#check(status === 200 || status === 409, `a status ${status}`)
      if (status === 409) this.#check(lines.length === 0, 'a cookie beside a 409')
      if (!action.startsWith('login') || status !== 200 || handle === undefined) continue
      const mayEnd = did('endAll', 'endAll except') || this.#max < 100
      this.#check(mayEnd || handles.has(handle), 'a login that was answered with 200 is lost')
    }
    const mayEnd = did('endAll', 'end', 'destroy', 'clear') || this.#max < 100
    if (!mayEnd) this.#check(handles.has(this.#handle), 'a session that nobody has ended is lost')
  }

  /** Notes what the answers promise. */
  #note(): void {
    for (const { action, answer, isNew } of this.#requests) {
      if (answer?.status !== 200) continue
      if (answer.lines.length > 0) this.#known.add(this.#nameOf(cookieValue(answer.cookie)))
      if (action === 'end') this.#isEnded = true
      if (action === 'destroy' || (action === 'clear' && !isNew)) this.#isLoggedOut = true
      // All logins of a walk began before all calls of endAll().
      if (action === 'endAll') this.#allDead = () => true
      if (action === 'endAll except') this.#allDead ??= (handle) => handle !== this.#handle
    }
  }

  #check(holds: boolean, violation: string): void {
    if (!holds) this.#violations.push(violation)
  }
}
