/** No answer of a Redis that works takes this long. */
const STALLED_AFTER_MS = 10_000

/**
 * Refuses commands while an older command has had no answer for too long.
 *
 * node-redis needs it. It keeps all commands while it looks for a master, and writes commands to a connection whose
 * other end has vanished. Its `socketTimeout` ends such a connection only if nothing is written to it. TCP alone would
 * take a quarter of an hour.
 */
export class Stalled {
  /** When each unanswered command was sent. The oldest comes first. */
  readonly #pending = new Set<{ readonly since: number }>()

  /** @throws `Error` if it refuses the command */
  watch<T>(send: () => Promise<T>): Promise<T> {
    const now = performance.now()
    const [oldest] = this.#pending
    if (oldest !== undefined && now - oldest.since > STALLED_AFTER_MS) {
      const seconds = Math.floor((now - oldest.since) / 1000)
      return Promise.reject(
        new Error(
          `Redis has not answered for ${seconds} s: nothing more is sent until it does, or the client connects anew`
        )
      )
    }
    const command = { since: now }
    this.#pending.add(command)
    return send().then(
      (answer) => {
        // Answers come in order, so the client has lost each older command that has no answer.
        for (const older of this.#pending) {
          this.#pending.delete(older)
          if (older === command) break
        }
        return answer
      },
      (error: unknown) => {
        this.#pending.delete(command)
        throw error
      }
    )
  }
}
