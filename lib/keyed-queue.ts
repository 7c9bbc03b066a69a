/** A task that takes longer holds up the next one of its key no further: order here saves work, it is no lock. */
const PATIENCE_MS = 1_000

/** A task's place in the queue of its key. */
export interface Turn<H> {
  /** Another task went first. */
  readonly waited: boolean
  /** What it left. */
  hint: H | undefined
  /** What this one leaves for the next. */
  left: H | undefined
}

interface Place<H> {
  readonly turn: Turn<H>
  /** Whoever waits for the end of this turn: at most one does, since the one after it waits for that. */
  next: (() => void) | undefined
}

/**
 * Runs tasks of one key one after the other, within this process, and hands each what the one before it left. The first
 * one runs at once, in the same tick; a key that nobody uses takes no memory.
 */
export class KeyedQueue<H> {
  readonly #last = new Map<string, Place<H>>()

  /** How many keys have a task. */
  get size(): number {
    return this.#last.size
  }

  async run<T>(key: string, task: (turn: Turn<H>) => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const place: Place<H> = {
      turn: { waited: before !== undefined, hint: undefined, left: undefined },
      next: undefined
    }
    this.#last.set(key, place)
    try {
      if (before !== undefined) {
        await withPatience((go) => {
          before.next = go
        })
        place.turn.hint = before.turn.left
      }
      return await task(place.turn)
    } finally {
      if (this.#last.get(key) === place) this.#last.delete(key)
      place.next?.()
    }
  }
}

function withPatience(wait: (go: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS)
    wait(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
