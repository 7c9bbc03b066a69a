/** What is being done at the moment, for those who must not pull the ground from under it. */
export class InFlight {
  readonly #running = new Set<Promise<void>>()

  /**
   * @param then called when it has ended, well or not
   * @returns when that has happened
   */
  add(operation: Promise<unknown>, then: () => void): Promise<void> {
    const over = () => {
      this.#running.delete(ended)
      then()
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
