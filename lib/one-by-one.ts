import type { InFlight } from './in-flight.ts'

/** Runs operations of one request one after the other: two at once would both start from the same record. */
export class OneByOne {
  readonly #inFlight: InFlight
  #last: Promise<unknown> | null = null
  #running = 0

  /** @param inFlight told of each operation */
  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight
  }

  /** Nothing is under way. */
  get isFree(): boolean {
    return this.#running === 0
  }

  /** Where nothing is under way, the operation begins at once, in the same tick. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    const turn = this.#running === 0 ? operation() : this.#afterOthers(operation)
    this.#running++
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
