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

  /**
   * Waits for everything that is running now, well or not. What begins meanwhile is not waited for.
   * @param seconds the longest wait; what has not ended then is waited for no more
   * @returns how many have not ended
   */
  async ended(seconds: number): Promise<number> {
    const waited = [...this.#running]
    if (waited.length === 0) return 0
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<void>((resolve) => {
      // It keeps the process alive, which has still to be closed.
      timer = setTimeout(resolve, seconds * 1_000)
    })
    await Promise.race([Promise.all(waited), tooLong])
    clearTimeout(timer)
    return waited.filter((operation) => this.#running.delete(operation)).length
  }
}
