import type { MaybePromise } from '../../base/when.ts'
import type { InFlight } from './in-flight.ts'

/** Runs operations of one request one after the other, because two at once would both start from the same record. */
export class OneByOne {
  readonly #inFlight: InFlight
  #last: Promise<unknown> | null = null
  #running = 0

  /** @param inFlight gets each operation */
  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight
  }

  /** No operation is running. */
  get isFree(): boolean {
    return this.#running === 0
  }

  /** If no other operation is running, the operation begins at once, in the same tick. It may also end in it. */
  run<T>(operation: () => MaybePromise<T>): MaybePromise<T> {
    // Count the operation before it begins, because a function of `update()` may send the response at once.
    const isFirst = this.#running++ === 0
    const over = () => {
      this.#running--
    }
    let turn: MaybePromise<T>
    try {
      turn = isFirst ? operation() : this.#afterOthers(operation)
    } catch (error) {
      over()
      throw error
    }
    if (turn instanceof Promise) this.#last = this.#inFlight.add(turn, over)
    else over()
    return turn
  }

  async #afterOthers<T>(operation: () => MaybePromise<T>): Promise<T> {
    await this.#last
    return operation()
  }
}
