import type { MaybePromise } from '../../base/when.ts'

/** The time between two checks of a waiting task. Each check looks whether other tasks have succeeded. */
const LOOK_MS = 500

/**
 * A task stops waiting after this many checks in a row without a success of another task. One check is not enough. After a
 * blocked event loop, a timer fires before the answers that have arrived are read.
 */
const IDLE_LOOKS = 2

/** The longest wait is half a minute. The first check after it ends the wait, even if other tasks succeed. */
const LONGEST_MS = 30_000

/** A task gets this from the tasks before it, and leaves a hint for the next one. */
export interface Turn<H> {
  /** The task had to wait for another task of the key. */
  readonly waited: boolean
  /** The hint of the task that ended last. */
  readonly hint: H | undefined
  /** The hint that this task leaves for the next one. */
  hintForNext: H | undefined
}

/**
 * Lets tasks of one key take turns in this process. The first task runs at once, in the same tick. A key without tasks
 * takes no memory, and a task that does not wait has no timer.
 *
 * Taking turns only avoids wasted attempts, so no task waits for ever. While other tasks succeed, it waits for half a
 * minute at most. While none succeeds, it waits for about a second. Then it runs beside the others, and later tasks
 * follow it.
 */
export class Turns<H> {
  readonly #lines = new Map<string, Line<H>>()

  /** How many keys have a task. */
  get size(): number {
    return this.#lines.size
  }

  /**
   * @param late for a task that must not run beside others. It makes the error for a wait of half a minute in vain
   * @throws the error of the task, or the one that `late` makes
   */
  run<T>(key: string, task: (turn: Turn<H>) => MaybePromise<T>, late?: () => Error): MaybePromise<T> {
    const known = this.#lines.get(key)
    if (known !== undefined) return known.wait(late).then(() => this.#begin(key, known, task, true))
    const line = new Line<H>()
    this.#lines.set(key, line)
    return this.#begin(key, line, task, false)
  }

  #begin<T>(key: string, line: Line<H>, task: (turn: Turn<H>) => MaybePromise<T>, waited: boolean): MaybePromise<T> {
    const turn: Turn<H> = { waited, hint: line.hint, hintForNext: undefined }
    line.last = turn
    const end = () => {
      line.hint = turn.hintForNext
      // The task that began last starts the next one when it ends. A task that was overtaken starts none.
      if (line.last === turn && !line.next()) this.#lines.delete(key)
    }
    const succeed = (result: T): T => {
      line.successes++
      end()
      return result
    }
    const fail = (error: unknown): never => {
      end()
      throw error
    }
    let result: MaybePromise<T>
    try {
      result = task(turn)
    } catch (error) {
      return fail(error)
    }
    return result instanceof Promise ? result.then(succeed, fail) : succeed(result)
  }
}

class Line<H> {
  /** The hint of the task that ended last. */
  hint: H | undefined
  /** The task that began last. */
  last: Turn<H> | undefined
  successes = 0
  /** The functions that start the waiting tasks, in their order. */
  readonly #waiting = new Set<() => void>()
  #order: Iterator<() => void> | undefined

  /** @param late as for `Turns.run()` */
  wait(late: (() => Error) | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let looks = 0
      let idle = 0
      let seen = this.successes
      // The pauses differ, so that not all waiting tasks start in one turn of the event loop.
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

  /** Starts the next task. @returns `false` if no task waits */
  next(): boolean {
    if (this.#waiting.size === 0) return false
    // One iterator serves all calls, because a new one would step over all deleted entries. It also finds later entries.
    this.#order ??= this.#waiting.values()
    const go = this.#order.next().value as () => void
    this.#waiting.delete(go)
    go()
    return true
  }
}
