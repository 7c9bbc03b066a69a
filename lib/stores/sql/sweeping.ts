const INTERVAL_MS = 15 * 60_000

/**
 * Says when it is time to delete expired rows. Writes ask, so the process needs no timer. The random part keeps several
 * processes from deleting at the same moment.
 */
export class Sweeping {
  /** A process that has just started waits as well. Otherwise all processes would delete after a deployment. */
  #next = performance.now() + Math.random() * INTERVAL_MS

  /** Whether it is time. After `true`, the next `true` comes after about a quarter of an hour. */
  isDue(): boolean {
    const now = performance.now()
    if (now < this.#next) return false
    this.#next = now + INTERVAL_MS * (1 + Math.random() / 5)
    return true
  }

  /** Lets the next `true` come after a second, because rows are left. */
  hasMore(): void {
    this.#next = performance.now() + 1_000
  }
}
