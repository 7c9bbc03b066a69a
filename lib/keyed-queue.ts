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
 * a second, and again for each second after it, one of them is let go, then two, four: they soon pass one that is slow,
 * and a thousand behind a store that hangs have all had their turn after ten seconds.
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
    const turn: Turn<H> = { waited, hint: line.left, left: undefined }
    try {
      const result = await task(turn)
      line.moves()
      return result
    } finally {
      line.left = turn.left
      if (line.isOver()) this.#lines.delete(key)
    }
  }
}

interface Waiter {
  readonly go: () => void
  next: Waiter | undefined
}

class Line<H> {
  left: H | undefined
  #running = 1
  #first: Waiter | undefined
  #last: Waiter | undefined
  #timer: NodeJS.Timeout | undefined
  /** How many are let go when patience is over. */
  #burst = 1

  wait(): Promise<void> {
    return new Promise((go) => {
      const waiter: Waiter = { go, next: undefined }
      if (this.#first === undefined) this.#first = waiter
      else this.#last!.next = waiter
      this.#last = waiter
      this.#timer ??= setTimeout(() => this.#widen(), PATIENCE_MS)
    })
  }

  /** A task is done. One that failed does not count: a store that hangs fails them all, each after its time. */
  moves(): void {
    this.#burst = 1
    this.#timer?.refresh()
  }

  /** To be called at the end of each task. @returns `true`: it was the last one */
  isOver(): boolean {
    this.#running--
    this.#letGo()
    if (this.#first !== undefined) return false
    clearTimeout(this.#timer)
    this.#timer = undefined
    return this.#running === 0
  }

  #widen(): void {
    for (let count = 0; count < this.#burst; count++) this.#letGo()
    this.#burst *= 2
    this.#timer = this.#first === undefined ? undefined : this.#timer?.refresh()
  }

  #letGo(): void {
    const waiter = this.#first
    if (waiter === undefined) return
    this.#first = waiter.next
    this.#running++
    waiter.go()
  }
}
