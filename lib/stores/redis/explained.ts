import type { RedisCommands } from './commands.ts'

const TOO_OLD = 'Redis does not know the command GETEX: RedisStore needs Redis 6.2 or later, or Valkey'

const saysNoGetex = (error: unknown): boolean =>
  error instanceof Error && /^err unknown command ['`]?getex/i.test(error.message)

/**
 * Waits for an answer.
 * @param understand makes the result of the answer
 * @throws the error of the client. If the client was closed, or Redis is too old, an error that says so
 */
export function explained<A, T>(
  commands: RedisCommands,
  answer: Promise<A>,
  understand: (answer: A) => T | Promise<T>
): Promise<T> {
  return answer.then(understand, (cause: unknown) => {
    const reason = commands.closed() ?? (saysNoGetex(cause) ? TOO_OLD : undefined)
    throw reason === undefined ? cause : new Error(reason, { cause })
  })
}
