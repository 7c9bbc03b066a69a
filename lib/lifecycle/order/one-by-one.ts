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

  /** If no other operation is running, the operation begins at once, in the same tick. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    // Count the operation before it begins, because a function of `update()` may send the response at once.
    const isFirst = this.#running++ === 0
    const turn = isFirst ? operation() : this.#afterOthers(operation)
    this.#last = this.#inFlight.add(turn, () => {
      this.#running--
    })
    return turn
  }

  async #afterOthers<T>(operation: () => Promise<T>): Promise<T> {
    await this.#last
    return operation()
  }
}
