/** The operations that are running. An application that closes waits for them before it closes the store. */
export class InFlight {
  readonly #running = new Set<Promise<void>>()

  /**
   * @param then called when the operation has ended, also after a failure
   * @returns resolves after that call
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
   * Waits until all operations that are running now have ended or failed. It does not wait for operations that begin later.
   * @param seconds the longest wait. Operations that have not ended by then are forgotten
   * @returns the number of operations that have not ended
   */
  async ended(seconds: number): Promise<number> {
    const waited = [...this.#running]
    if (waited.length === 0) return 0
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<void>((resolve) => {
      // The timer keeps the process alive, because the application still has to close.
      timer = setTimeout(resolve, seconds * 1_000)
    })
    await Promise.race([Promise.all(waited), tooLong])
    clearTimeout(timer)
    return waited.filter((operation) => this.#running.delete(operation)).length
  }
}
