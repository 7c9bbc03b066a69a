import { setTimeout as delay } from 'node:timers/promises'

/** A task that takes longer holds up the next one of its key no further: order here saves work, it is no lock. */
const PATIENCE_MS = 1_000

/** A task's place in the queue of its key. */
export interface Turn<H> {
  /** Another task went first. */
  readonly waited: boolean
  /** What it left. */
  readonly hint: H | undefined
  /** What this one leaves for the next. */
  left: H | undefined
}

/**
 * Runs tasks of one key one after the other, within this process, and hands each what the one before it left. The first
 * one runs at once, in the same tick; a key that nobody uses takes no memory.
 */
export class KeyedQueue<H> {
  readonly #last = new Map<string, { readonly over: Promise<void>; readonly turn: Turn<H> }>()

  /** How many keys have a task. */
  get size(): number {
    return this.#last.size
  }

  async run<T>(key: string, task: (turn: Turn<H>) => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    let end!: () => void
    const over = new Promise<void>((resolve) => {
      end = resolve
    })
    const place = { over, turn: { waited: before !== undefined, hint: undefined, left: undefined } as Turn<H> }
    this.#last.set(key, place)
    try {
      if (before !== undefined) {
        await withPatience(before.over)
        Object.assign(place.turn, { hint: before.turn.left })
      }
      return await task(place.turn)
    } finally {
      if (this.#last.get(key) === place) this.#last.delete(key)
      end()
    }
  }
}

async function withPatience(over: Promise<void>): Promise<void> {
  const patience = new AbortController()
  const timer = delay(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined)
  await Promise.race([over, timer])
  patience.abort()
}
