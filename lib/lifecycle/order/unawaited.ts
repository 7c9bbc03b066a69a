import * as errors from '../../errors.ts'
import { isInstance } from '../../errors.ts'
import { report } from '../../report.ts'
import type { Log } from '../../settings.ts'
import { Command } from './command.ts'

interface Failure {
  readonly command: Command<unknown>
  readonly member: string
  readonly error: unknown
}

const OURS = [
  errors.SessionUnavailableError,
  errors.SessionGoneError,
  errors.SessionConflictError,
  errors.SessionTooLargeError,
  errors.SessionSerializeError,
  errors.SessionHeadersSentError,
  errors.SessionOptionsError,
  errors.SessionKeyError
]

/** The commands of one request, and those among them that failed while nobody waited for them. */
export class Unawaited {
  readonly #log: Log
  #failures: Failure[] = []
  #running = 0
  /** Resolves when all commands so far have ended. */
  #ended: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * No command has failed since the last tell(), and none is running. A command whose store answers at once counts as
   * running until the next turn of the microtasks, because nobody knows before then whether it has failed.
   */
  get isSettled(): boolean {
    return this.#running === 0 && this.#failures.length === 0
  }

  /**
   * @param member the member that was called, for the log
   * @param isTooLate called after a failure. It returns `true` if the error cannot become the response any more
   */
  track<T>(member: string, result: Promise<T>, isTooLate: () => boolean): Command<T> {
    const command = new Command<T>((resolve) => resolve(result))
    this.#running++
    const succeeded = () => {
      this.#running--
    }
    const ended = command.observe(succeeded, (error) => {
      this.#running--
      this.#failures.push({ command, member, error })
      // A response that waits for this command takes the failure in this turn of the event loop.
      if (isTooLate()) setImmediate(() => this.tell())
    })
    // Most commands end in their order, but a command inside the function of an update() fails while the update goes on.
    const before = this.#ended
    this.#ended = before === undefined ? ended : before.then(() => ended)
    return command
  }

  /** Resolves when every command has ended. */
  async ended(): Promise<void> {
    await this.#ended
  }

  /**
   * Logs each failure that nobody has waited for so far, and forgets all failures.
   * @returns the first of these errors, in a form that clients may see. `undefined` if there is none
   */
  tell(): Error | undefined {
    const failures = this.#failures.filter(({ command }) => !command.isTaken)
    this.#failures = []
    for (const { member, error } of failures) {
      const message = `session.${member}() failed, and nobody waited for it: write \`await session.${member}()\``
      report(this.#log, 'error', 'FST_SESSION_UNAWAITED', { err: error }, message)
    }
    const [first] = failures
    return first && asResponse(first)
  }
}

/** The client must not see an error of the application's own function, unless a handler sends it. */
function asResponse({ member, error }: Failure): Error {
  const ours = OURS.some((kind) => isInstance(error, kind))
  return ours
    ? (error as Error)
    : new errors.SessionOptionsError(`session.${member}() failed, and nobody waited for it: see the log`)
}
