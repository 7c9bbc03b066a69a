/** After so long without an end, more tasks run beside those that hold up the others: order saves work, it is no lock. */
const PATIENCE_MS = 1_000

/** What a task knows of those before it. */
export interface Turn<H> {
  /** Another task of the key was there first. */
  readonly waited: boolean
  /** What the one that ended last has left. */
  readonly hint: H | undefined
  /** What this one leaves for the next. */
  left: H | undefined
}

/**
 * Runs tasks of one key one after the other, within this process, and hands each what the one before it left. The first
 * one runs at once, in the same tick; a key that nobody uses takes no memory.
 *
 * Nobody is let past a line that moves, however long it is: those who wait would all collide. While nothing is done for
 * a second, and again for each second after it, one of them passes those that run, then two, four: they are soon past one
 * that is slow, and a thousand behind a store that hangs have all had their turn after ten seconds. Once they get on, the
 * line is one again.
 */
export class KeyedQueue<H> {
  readonly #lines = new Map<string, Line<H>>()

  /** How many keys have a task. */
  get size(): number {
    return this.#lines.size
  }

  async run<T>(key: string, task: (turn: Turn<H>) => Promise<T>): Promise<T> {
    let line = this.#lines.get(key)
    const waited = line !== undefined
    if (line === undefined) {
      line = new Line()
      this.#lines.set(key, line)
    } else await line.wait()
    const { round } = line
    const turn: Turn<H> = { waited, hint: line.left, left: undefined }
    try {
      const result = await task(turn)
      line.moves()
      return result
    } finally {
      line.left = turn.left
      if (line.isOver(round)) this.#lines.delete(key)
    }
  }
}

interface Waiter {
  readonly go: () => void
  next: Waiter | undefined
}

class Line<H> {
  left: H | undefined
  /** Those of an earlier one have been passed: nobody waits for them any more. */
  round = 0
  /** Those who are waited for. */
  #running = 1
  #first: Waiter | undefined
  #last: Waiter | undefined
  #timer: NodeJS.Timeout | undefined
  /** How many pass when patience is over. */
  #burst = 1
  #hasMoved = false

  wait(): Promise<void> {
    return new Promise((go) => {
      const waiter: Waiter = { go, next: undefined }
      if (this.#first === undefined) this.#first = waiter
      else this.#last!.next = waiter
      this.#last = waiter
      this.#timer ??= setTimeout(() => this.#losePatience(), PATIENCE_MS)
    })
  }

  /** A task is done. One that failed does not count: a store that hangs fails them all, each after its time. */
  moves(): void {
    this.#hasMoved = true
    this.#burst = 1
    this.#timer?.refresh()
  }

  /**
   * To be called at the end of each task.
   * @param round in which it began
   * @returns `true`: there is nobody left to wait for, nor anybody who waits
   */
  isOver(round: number): boolean {
    if (round !== this.round || --this.#running > 0) return false
    this.#letGo()
    if (this.#first === undefined) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    return this.#running === 0
  }

  /** After a turn of the event loop: when it was blocked, the answer may be there, and timers come first. */
  #losePatience(): void {
    this.#hasMoved = false
    setImmediate(() => {
      if (this.#hasMoved || this.#first === undefined) return
      this.#pass()
      this.#timer = this.#first === undefined ? undefined : this.#timer?.refresh()
    })
  }

  #pass(): void {
    this.round++
    this.#running = 0
    for (let count = 0; count < this.#burst; count++) this.#letGo()
    this.#burst *= 2
  }

  #letGo(): void {
    const waiter = this.#first
    if (waiter === undefined) return
    this.#first = waiter.next
    this.#running++
    waiter.go()
  }
}
