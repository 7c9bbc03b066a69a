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
  /** Resolves when all commands so far have ended. */
  #ended: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** A command has failed, and nobody has been told of it here. */
  get hasFailures(): boolean {
    return this.#failures.length > 0
  }

  /**
   * @param member the member that was called, for the log
   * @param isTooLate asked after a failure: no response can become the error any more
   */
  own<T>(member: string, result: Promise<T>, isTooLate: () => boolean): Command<T> {
    const command = new Command<T>((resolve) => resolve(result))
    const ended = command.observe((error) => {
      this.#failures.push({ command, member, error })
      // A response that waits for this command takes the failure in this turn of the event loop.
      if (isTooLate()) setImmediate(() => this.tell())
    })
    // Most end in their order, but a call inside an `update()` fails while the update goes on.
    const before = this.#ended
    this.#ended = before === undefined ? ended : before.then(() => ended)
    return command
  }

  /** Resolves when every command has ended. */
  async ended(): Promise<void> {
    await this.#ended
  }

  /**
   * Tells the log of each failure that nobody has waited for until now, and forgets them.
   * @returns the first error, as it may become the response; `undefined`: there is none
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

/** What an application's own function has thrown is not for the client, unless a handler says so. */
function asResponse({ member, error }: Failure): Error {
  const ours = OURS.some((kind) => isInstance(error, kind))
  return ours
    ? (error as Error)
    : new errors.SessionOptionsError(`session.${member}() failed, and nobody waited for it: see the log`)
}
