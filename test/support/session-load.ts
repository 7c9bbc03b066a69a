import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { SessionStore } from '../../types/store.ts'
import { type TestApp, testApp } from './app.ts'
import { waitUntil } from './wait-until.ts'

const VISITORS = 4
const PAUSE_MS = 20
/** The least there is: a failover takes longer. */
const STORE_TIMEOUT_SECONDS = 1
/** What a request may take: a few calls of the store, on a machine that has other things to do. */
const LONGEST_MS = 10_000

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

/** Visitors of one application, each with a session of its own, who write a new key of it again and again. */
export class SessionLoad {
  readonly #send: TestApp['send']
  readonly #visitors: readonly Visitor[]
  readonly #running: Promise<unknown>
  readonly #violations: string[] = []
  /** Milliseconds that a request took at most. */
  #longest = 0
  readonly #durable = new Set<string>()
  #stopped = false

  private constructor(send: TestApp['send'], visitors: readonly Visitor[]) {
    this.#send = send
    this.#visitors = visitors
    this.#running = Promise.all(visitors.map((visitor, index) => this.#visit(visitor, index)))
  }

  static async start(t: { teardown(fn: () => unknown): void }, store: SessionStore): Promise<SessionLoad> {
    const { send } = await testApp(t, { store, storeTimeout: STORE_TIMEOUT_SECONDS })
    const visitors: Visitor[] = []
    for (let i = 0; i < VISITORS; i++) {
      const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
      visitors.push({ cookie: String(cookie), acknowledged: [], last: { acknowledged: 0, failed: 0 } })
    }
    const load = new SessionLoad(send, visitors)
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
   * Ends the load: every write that must be kept is there, and nobody has waited for long.
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
    t.same(this.#violations, [], 'no answer but 200 and 503, and no new cookie')
    t.ok(this.#longest < LONGEST_MS, `${this.#longest} ms at most`)
  }

  async #end(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #visit(visitor: Visitor, index: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const key = `visitor-${index}-${n}`
      const sent = performance.now()
      const { status, lines } = await this.#send(visitor.cookie, (session) => session.set(key, true))
      this.#longest = Math.max(this.#longest, performance.now() - sent)
      if (lines.length > 0) this.#violations.push(`${key}: a new cookie`)
      if (status === 200) visitor.acknowledged.push({ key, sent })
      else if (status !== 503) this.#violations.push(`${key}: a status ${status}`)
      visitor.last[status === 200 ? 'acknowledged' : 'failed'] = sent
      await sleep(PAUSE_MS)
    }
  }
}
