/** Clients echo a failed command: its arguments are keys and session data (Redis: "with args beginning with"). */
const ECHO = /,? with args beginning with:?.*/s

/** What an error of a store may own and keep: anything else may hold what the store was told. */
const PLAIN: ReadonlySet<string> = new Set(['name', 'message', 'stack'])

const IDENTIFIER = /^\w+$/

/**
 * What a store threw, fit for a log: without the session's id, and without the fields that clients hang on their errors
 * (ioredis: the command with its arguments; an AggregateError: its errors). An error that has nothing of the kind is
 * handed on as it is.
 */
export function withoutSecrets(error: unknown, sessionId: string): unknown {
  if (!(error instanceof Error)) return new TypeError('the store threw something that is not an Error')
  const strip = (text: string) => (sessionId === '' ? text : text.replaceAll(sessionId, '[id]')).replace(ECHO, '')
  const message = strip(error.message)
  const isHarmless = (word: unknown) => IDENTIFIER.test(String(word)) && word !== sessionId
  const name = isHarmless(error.name) ? error.name : 'Error'
  const stack = withoutText(error.stack, `${name}: ${message}`)
  const code = 'code' in error && isHarmless(error.code) ? { code: error.code } : {}
  const isPlain = Object.getOwnPropertyNames(error).every((key) => (key === 'code' ? 'code' in code : PLAIN.has(key)))
  if (isPlain && name === error.name && message === error.message && stack === error.stack) return error
  const safe = Object.assign(new Error(message), code)
  safe.name = name
  safe.stack = stack
  return safe
}

/** The stack under a title of its own: the one that it came with may be anything. */
function withoutText(stack: string | undefined, title: string): string {
  const calls = (stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return [title, ...calls].join('\n')
}
