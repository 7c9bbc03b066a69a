import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type TestApp, testApp } from './app.ts'
import { CountedStore } from './counted-store.ts'
import { waitUntil } from './wait-until.ts'

const VISITORS = 4
const PAUSE_MS = 20
/** The shortest timeout that the option allows. A failover takes longer. */
const STORE_TIMEOUT_SECONDS = 1
/** The step of the clock that measures the requests. */
const TICK_MS = 100
const TICKS_PER_CALL = (STORE_TIMEOUT_SECONDS * 1_000) / TICK_MS
/** Allowance for the time outside the store, and for a timer that misses a turn on a busy machine. */
const SLACK_TICKS = 3
/**
 * A request makes a read and a write. A late write of an earlier request, which has given up, may come between the two. Then
 * a third call writes the merged data. This cannot happen twice, because other late writes would replace an older record.
 */
const MOST_CALLS = 3

/** A write that was answered with 200. */
interface Acknowledged {
  readonly key: string
  /** When its request was sent (`performance.now()`). */
  readonly sent: number
}

interface Visitor {
  readonly cookie: string
  readonly acknowledged: Acknowledged[]
  /** When the last acknowledged and the last failed request were sent (`performance.now()`). */
  readonly last: Record<'acknowledged' | 'failed', number>
}

/** Logs in. It tries again and again, because a new client may not have found the server yet. */
async function logIn(send: TestApp['send']): Promise<string> {
  let cookie: string | undefined
  await waitUntil('a login', async () => {
    const answer = await send(undefined, (session) => void (session.user = 'alice'))
    cookie = answer.cookie
    return answer.status === 200
  })
  return cookie!
}

/** Visitors of one application. Each visitor has a session and writes new keys to it, one after the other. */
export class SessionLoad {
  readonly #send: TestApp['send']
  readonly #calls: CountedStore
  readonly #visitors: readonly Visitor[]
  readonly #running: Promise<unknown>
  readonly #violations: string[] = []
  /**
   * Counts the time of requests in ticks. On a busy machine this timer is late as well, so time in which this process did not
   * run is not counted.
   */
  readonly #clock = setInterval(() => this.#ticks++, TICK_MS)
  #ticks = 0
  /** The longest time that a request took, in milliseconds. */
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

  /** Waits until each visitor has sent a further request that ended like this. */
  async next(kind: 'acknowledged' | 'failed'): Promise<void> {
    const now = performance.now()
    await waitUntil(`a request of each that is ${kind}`, () => this.#visitors.every(({ last }) => last[kind] > now))
  }

  /**
   * Marks all writes that are acknowledged so far as durable. `holds()` then checks that none of them is lost.
   * @param isReplicated says whether a replica has all of them
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
   * Ends the load and checks it. No write that must be kept is lost, and no request took longer than `storeTimeout` for each
   * of its store calls.
   * @param wellSince acknowledged writes that were sent after this time (`performance.now()`) must be kept as well
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
