/** How often a waiting task looks whether the line moves. */
const LOOK_MS = 500

/**
 * A task that finds at so many looks in a row that no other has succeeded stops waiting. One look is not enough, because
 * after a turn of the event loop that was long a timer fires before the answers that came meanwhile are read.
 */
const IDLE_LOOKS = 2

/** Half a minute: the first look from then on is the last one, however well the line moves. */
const LONGEST_MS = 30_000

/** What a task knows of those before it. */
export interface Turn<H> {
  /** Another task of the key was there first. */
  readonly waited: boolean
  /** What the task that ended last has left. */
  readonly hint: H | undefined
  /** What this task leaves for the next. */
  left: H | undefined
}

/**
 * Lets tasks of one key take turns, in this process. The first one runs at once, in the same tick; a key that nobody uses
 * takes no memory, and a line that nobody waits in has no timer.
 *
 * Taking turns only avoids wasted attempts. So nobody waits for ever: while tasks succeed, a task waits for half a minute
 * at most, and while none does, for about a second. Then it runs beside the others, and those behind follow it instead.
 */
export class Turns<H> {
  readonly #lines = new Map<string, Line<H>>()

  /** How many keys have a task. */
  get size(): number {
    return this.#lines.size
  }

  /**
   * @param late makes the error of a task that must not run beside others, for when it has waited half a minute in vain
   * @throws what the task throws, or what `late` makes
   */
  async run<T>(key: string, task: (turn: Turn<H>) => Promise<T>, late?: () => Error): Promise<T> {
    const known = this.#lines.get(key)
    const line = known ?? new Line<H>()
    if (known === undefined) this.#lines.set(key, line)
    else await line.wait(late)
    const turn: Turn<H> = { waited: known !== undefined, hint: line.left, left: undefined }
    line.last = turn
    try {
      const result = await task(turn)
      line.successes++
      return result
    } finally {
      line.left = turn.left
      // Those who wait follow the task that began last: one that others have passed holds up nobody.
      if (line.last === turn && !line.next()) this.#lines.delete(key)
    }
  }
}

class Line<H> {
  left: H | undefined
  /** The task that began last. */
  last: Turn<H> | undefined
  successes = 0
  /** What lets each of those who wait go, first come first. */
  readonly #waiting = new Set<() => void>()
  #order: Iterator<() => void> | undefined

  /** @param late as for `Turns.run()` */
  wait(late: (() => Error) | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let looks = 0
      let idle = 0
      let seen = this.successes
      // Not all at the same time: so many commits would be one long turn of the event loop.
      const pause = LOOK_MS + (this.#waiting.size % LOOK_MS)
      const look = () => {
        looks++
        idle = this.successes === seen ? idle + 1 : 0
        seen = this.successes
        const isOver = looks * pause >= LONGEST_MS || (idle === IDLE_LOOKS && late === undefined)
        if (!isOver) return void timer.refresh()
        this.#waiting.delete(go)
        if (late === undefined) resolve()
        else reject(late())
      }
      const go = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(look, pause).unref()
      this.#waiting.add(go)
    })
  }

  /** Lets the next one go. @returns `false`: nobody waits */
  next(): boolean {
    if (this.#waiting.size === 0) return false
    // One iterator for all: a new one would walk over what was deleted. It goes on to what is added later.
    this.#order ??= this.#waiting.values()
    const go = this.#order.next().value as () => void
    this.#waiting.delete(go)
    go()
    return true
  }
}
