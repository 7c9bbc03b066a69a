/** What is being done at the moment, for those who must not pull the ground from under it. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>()

  /** @returns the same promise */
  add<T>(operation: Promise<T>): Promise<T> {
    const over = () => this.#running.delete(operation)
    this.#running.add(operation)
    operation.then(over, over)
    return operation
  }

  /** Resolves when everything that is running now has ended, well or not. What begins meanwhile is not waited for. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
