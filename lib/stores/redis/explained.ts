import type { RedisCommands } from './commands.ts'

const TOO_OLD = 'Redis does not know the command GETEX: RedisStore needs Redis 6.2 or later, or Valkey'

const saysNoGetex = (error: unknown): boolean =>
  error instanceof Error && /^err unknown command ['`]?getex/i.test(error.message)

/**
 * Waits for an answer.
 * @throws the error of the client. If the client was closed, or Redis is too old, an error that says so
 */
export async function explained<T>(commands: RedisCommands, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    const reason = commands.closed() ?? (saysNoGetex(cause) ? TOO_OLD : undefined)
    throw reason === undefined ? cause : new Error(reason, { cause })
  }
}
