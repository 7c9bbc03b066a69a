/** Longer than a Redis that works takes for anything. */
const STALLED_AFTER_MS = 10_000

/**
 * Refuses commands while an older one has had no answer for too long.
 *
 * For node-redis, which takes each command and keeps it, however long it looks for a master, or writes it to a connection
 * whose other end has vanished. There, nothing more may be written: only then does its `socketTimeout` see that nothing
 * happens any more, and TCP alone would go on for a quarter of an hour.
 */
export class Stalled {
  /** When those were sent that have no answer yet. Oldest first. */
  readonly #pending = new Set<{ readonly since: number }>()

  /** @throws `Error` when it refuses */
  async watch<T>(send: () => Promise<T>): Promise<T> {
    const now = performance.now()
    const [oldest] = this.#pending
    if (oldest !== undefined && now - oldest.since > STALLED_AFTER_MS) {
      const seconds = Math.floor((now - oldest.since) / 1000)
      throw new Error(
        `Redis has not answered for ${seconds} s: nothing more is sent until it does, or the client connects anew`
      )
    }
    const command = { since: now }
    this.#pending.add(command)
    try {
      const answer = await send()
      // Answers come in order: who was sent before and has none was forgotten, and must not be waited for.
      for (const older of this.#pending) {
        if (older === command) break
        this.#pending.delete(older)
      }
      return answer
    } finally {
      this.#pending.delete(command)
    }
  }
}
