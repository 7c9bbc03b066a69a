/** How often pending calls are looked at: how much too early one may be given up. */
const TICK_MS = 100
const TICKS_PER_SECOND = 1_000 / TICK_MS

interface Pending {
  /** The tick that it began in. */
  readonly began: number
  readonly giveUp: (error: Error) => void
}

/**
 * Bounds calls that may never be answered, all by one clock: a timer for each would cost more than a call.
 *
 * The clock runs only while a call is pending, and keeps no process alive. It counts its own ticks: a process that was
 * busy or stopped for longer than the limit still takes the answers that came in meanwhile.
 */
export class Deadline {
  readonly #seconds: number
  /** Oldest first: all have the same limit. */
  readonly #pending = new Set<Pending>()
  #clock: NodeJS.Timeout | undefined
  #ticks = 0

  /** @param seconds the limit; a call is given up at most 100 ms before it */
  constructor(seconds: number) {
    this.#seconds = seconds
  }

  /** How many calls are not answered yet. */
  get pending(): number {
    return this.#pending.size
  }

  /**
   * What `answer` comes to, if it comes in time. What comes later is dropped, also a rejection.
   * @throws an error with the code `ETIMEDOUT`, after the limit
   */
  bound<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = { began: this.#ticks, giveUp: reject }
      this.#pending.add(call)
      this.#clock ??= setInterval(() => this.#tick(), TICK_MS).unref()
      const ended = () => this.#pending.delete(call)
      Promise.resolve(answer).then(
        (value) => {
          ended()
          resolve(value)
        },
        (error: unknown) => {
          ended()
          reject(error)
        }
      )
    })
  }

  #tick(): void {
    this.#ticks++
    for (const call of this.#pending) {
      if (this.#ticks - call.began < this.#seconds * TICKS_PER_SECOND) return
      this.#pending.delete(call)
      const error = new Error(`no answer within ${this.#seconds} s (option "storeTimeout")`)
      call.giveUp(Object.assign(error, { code: 'ETIMEDOUT' }))
    }
    if (this.#pending.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
  }
}
