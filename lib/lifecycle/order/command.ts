/** The promise that a command of a session returns. It knows whether anybody waits for it. */
export class Command<T> extends Promise<T> {
  #isTaken = false

  /** `then()` returns an ordinary promise, because only the command itself has to know whether anybody waits. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** `await`, `Promise.all()`, `catch()`, `finally()` and an async function that returns the command call this. */
  // biome-ignore lint/suspicious/noThenProperty: a promise has a then()
  override then<Result = T, Failure = never>(
    onDone?: ((value: T) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null
  ): Promise<Result | Failure> {
    this.#isTaken = true
    return super.then(onDone, onFailed)
  }

  /** Somebody waits for the command, and so gets its failure. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /**
   * Waits for the command, but does not count as somebody who waits. After this call, a failure is never unhandled.
   * @returns resolves when the command has ended, also after a failure
   */
  observe(succeeded: () => void, failed: (error: unknown) => void): Promise<void> {
    return super.then(succeeded, failed)
  }
}
