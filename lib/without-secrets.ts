/** Clients echo a failed command: its arguments are keys and session data (Redis: "with args beginning with"). */
const ECHO = /,? with args beginning with:?.*/s

/**
 * What a store threw, fit for a log: without the session's id, and without the fields that clients hang on their errors
 * (ioredis: the command with its arguments). An error that has nothing of the kind is handed on as it is.
 */
export function withoutSecrets(error: unknown, sessionId: string): unknown {
  if (!(error instanceof Error)) return new TypeError('the store threw something that is not an Error')
  const strip = (text: string) => (sessionId === '' ? text : text.replaceAll(sessionId, '[id]')).replace(ECHO, '')
  const message = strip(error.message)
  const clean = Object.keys(error).every((key) => key === 'code' || key === 'name')
  if (clean && message === error.message && error.cause === undefined) return error
  const safe = new Error(message)
  safe.name = error.name
  safe.stack = `${error.name}: ${message}\n${(error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n')}`
  if ('code' in error) Object.assign(safe, { code: error.code })
  return safe
}
