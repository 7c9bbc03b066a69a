import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type TestApp, testApp } from './app.ts'
import { CountedStore } from './counted-store.ts'
import { waitUntil } from './wait-until.ts'

const VISITORS = 4
const PAUSE_MS = 20
/** The least there is: a failover takes longer. */
const STORE_TIMEOUT_SECONDS = 1
/** The step of the clock that bounds the calls. */
const TICK_MS = 100
const TICKS_PER_CALL = (STORE_TIMEOUT_SECONDS * 1_000) / TICK_MS
/** The two clocks are not in step, and on a busy machine one may miss a turn that the other has; and what is not the store's. */
const SLACK_TICKS = 3
/**
 * A read and a write. The third: a write that an earlier request has given up may come between the two, and then the merged
 * data are written. It cannot happen twice, because what else was given up was to replace something older.
 */
const MOST_CALLS = 3

/** A write that was answered with 200. */
interface Acknowledged {
  readonly key: string
  /** When its request was sent, as `performance.now()` has it. */
  readonly sent: number
}

interface Visitor {
  readonly cookie: string
  readonly acknowledged: Acknowledged[]
  /** When the last request of each kind was sent. */
  readonly last: Record<'acknowledged' | 'failed', number>
}

/** A client that has just started may not have found the server yet. */
async function logIn(send: TestApp['send']): Promise<string> {
  let cookie: string | undefined
  await waitUntil('a login', async () => {
    const answer = await send(undefined, (session) => void (session.user = 'alice'))
    cookie = answer.cookie
    return answer.status === 200
  })
  return cookie!
}

/** Visitors of one application, each with a session of its own, who write a new key of it again and again. */
export class SessionLoad {
  readonly #send: TestApp['send']
  readonly #calls: CountedStore
  readonly #visitors: readonly Visitor[]
  readonly #running: Promise<unknown>
  readonly #violations: string[] = []
  /**
   * As coarse as the library's own clock, and as late on a busy machine: what it counts is how long a request waited while
   * this process had its turns.
   */
  readonly #clock = setInterval(() => this.#ticks++, TICK_MS)
  #ticks = 0
  /** Milliseconds that a request took at most. */
  #longest = 0
  readonly #durable = new Set<string>()
  #stopped = false

  private constructor(send: TestApp['send'], calls: CountedStore, visitors: readonly Visitor[]) {
    this.#send = send
    this.#calls = calls
    this.#visitors = visitors
    this.#running = Promise.all(visitors.map((visitor, index) => this.#visit(visitor, index)))
  }

  static async start(t: { teardown(fn: () => unknown): void }, store: SessionStore): Promise<SessionLoad> {
    const calls = new CountedStore(store)
    const { send } = await testApp(t, { store: calls.store, storeTimeout: STORE_TIMEOUT_SECONDS })
    const visitors: Visitor[] = []
    for (let i = 0; i < VISITORS; i++) {
      visitors.push({ cookie: await logIn(send), acknowledged: [], last: { acknowledged: 0, failed: 0 } })
    }
    const load = new SessionLoad(send, calls, visitors)
    t.teardown(() => load.#end())
    return load
  }

  /** Waits until each visitor has had an answer of the kind to a request that was sent after now. */
  async next(kind: 'acknowledged' | 'failed'): Promise<void> {
    const now = performance.now()
    await waitUntil(`a request of each that is ${kind}`, () => this.#visitors.every(({ last }) => last[kind] > now))
  }

  /**
   * From here on, what has been acknowledged so far must be kept, whatever happens.
   * @param isReplicated says whether a replica has all of it
   */
  async makeDurable(isReplicated: () => Promise<boolean>): Promise<void> {
    await waitUntil('a replica that has everything', async () => {
      const soFar = this.#visitors.flatMap(({ acknowledged }) => acknowledged.map(({ key }) => key))
      if (!(await isReplicated())) return false
      for (const key of soFar) this.#durable.add(key)
      return true
    })
  }

  /**
   * Ends the load: every write that must be kept is there, and no request has waited for longer than `storeTimeout` for each
   * of its calls of the store.
   * @param wellSince what was sent after it, as `performance.now()` has it, and acknowledged, must be kept too
   */
  async holds(t: Test, wellSince: number): Promise<void> {
    await this.#end()
    const lost: string[] = []
    let kept = 0
    for (const { cookie, acknowledged } of this.#visitors) {
      const { body } = await this.#send(cookie, (session) => session.data())
      for (const { key, sent } of acknowledged) {
        if (key in (body as object)) kept++
        else if (sent >= wellSince || this.#durable.has(key)) lost.push(key)
      }
    }
    t.same(lost, [], `no write is lost, of ${kept} that are kept`)
    t.same(this.#violations, [], `200 or 503 in time, and no new cookie: ${Math.round(this.#longest)} ms at most`)
  }

  async #end(): Promise<void> {
    this.#stopped = true
    await this.#running
    clearInterval(this.#clock)
  }

  async #visit(visitor: Visitor, index: number): Promise<void> {
    const id = cookieValue(visitor.cookie)
    for (let n = 0; !this.#stopped; n++) {
      const key = `visitor-${index}-${n}`
      const sent = performance.now()
      const before = { ticks: this.#ticks, calls: this.#calls.callsFor(id) }
      const { status, lines } = await this.#send(visitor.cookie, (session) => session.set(key, true))
      this.#longest = Math.max(this.#longest, performance.now() - sent)
      const ticks = this.#ticks - before.ticks
      const calls = this.#calls.callsFor(id) - before.calls
      if (calls > MOST_CALLS) this.#violations.push(`${key}: ${calls} calls`)
      if (ticks > calls * TICKS_PER_CALL + SLACK_TICKS) {
        this.#violations.push(`${key}: ${ticks * TICK_MS} ms for ${calls} calls`)
      }
      if (lines.length > 0) this.#violations.push(`${key}: a new cookie`)
      if (status === 200) visitor.acknowledged.push({ key, sent })
      else if (status !== 503) this.#violations.push(`${key}: a status ${status}`)
      visitor.last[status === 200 ? 'acknowledged' : 'failed'] = sent
      await sleep(PAUSE_MS)
    }
  }
}
