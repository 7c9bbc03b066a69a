/** What a command of a session returns: a promise that knows whether anybody waits for it. */
export class Command<T> extends Promise<T> {
  #isTaken = false

  /** What `then()` returns is an ordinary promise: only the command itself has an owner. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** `await`, `Promise.all()`, `catch()` and `finally()` call this, and so does an async function that returns it. */
  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<Result = T, Failure = never>(
    onDone?: ((value: T) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null
  ): Promise<Result | Failure> {
    this.#isTaken = true
    return super.then(onDone, onFailed)
  }

  /** Somebody waits for it, so a failure is theirs. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /**
   * Waits for it without being somebody who waits: a failure is never unhandled.
   * @returns resolves when it has ended, well or not
   */
  observe(failed: (error: unknown) => void): Promise<void> {
    return super.then(() => undefined, failed)
  }
}
