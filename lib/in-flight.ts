/** What is being done at the moment, for those who must not pull the ground from under it. */
export class InFlight {
  readonly #running = new Set<Promise<void>>()

  /** @returns when it has ended, well or not */
  add(operation: Promise<unknown>): Promise<void> {
    const over = () => {
      this.#running.delete(ended)
    }
    const ended = operation.then(over, over)
    this.#running.add(ended)
    return ended
  }

  /** Resolves when everything that is running now has ended, well or not. What begins meanwhile is not waited for. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }
}
