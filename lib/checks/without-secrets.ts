import { types } from 'node:util'

/** Clients echo a failed command: its arguments are keys and session data (Redis: "with args beginning with"). */
const ECHO = /,? with args beginning with:?.*/s

/** A name or a code; anything longer, or with spaces, may be a sentence about the session. */
const HARMLESS_WORD = /^\w{1,64}$/

/** A line of a stack: it ends in a place in a file, or in one of the words that V8 has instead. */
const FRAME = /^ {4}at .*(?::\d+:\d+|<anonymous>|native|index \d+)\)?$/

const MOST_FRAMES = 50

/**
 * What a store threw, fit for a log: name, code, message and stack, without the session's id, and without the fields that
 * clients hang on their errors (ioredis: the command with its arguments; an AggregateError: its errors). Whatever was
 * thrown, reading it never throws.
 */
export function withoutSecrets(thrown: unknown, sessionId: string): Error {
  const strip = (text: string) => (sessionId === '' ? text : text.replaceAll(sessionId, '[id]')).replace(ECHO, '')
  return safeCopy(thrown, sessionId, strip)
}

/**
 * What an encryptor or a serializer threw, fit for a log: name, code and stack only. Their messages quote what they were
 * handed, which is session data.
 */
export function withoutText(thrown: unknown): Error {
  return safeCopy(thrown, '', () => 'the message is left out, because it could hold session data')
}

function safeCopy(thrown: unknown, sessionId: string, say: (message: string) => string): Error {
  if (!isError(thrown)) {
    return new TypeError(`something that is not an Error was thrown (${thrown === null ? 'null' : typeof thrown})`)
  }
  const isHarmless = (word: unknown): word is string | number =>
    (typeof word === 'string' || typeof word === 'number') &&
    HARMLESS_WORD.test(String(word)) &&
    (sessionId === '' || !String(word).includes(sessionId))
  const [name, code, text, stack] = ['name', 'code', 'message', 'stack'].map((key) => readSafely(thrown, key))
  const own = typeof text === 'string' ? text : ''
  const safe = Object.assign(new Error(say(own)), isHarmless(code) && { code })
  safe.name = isHarmless(name) ? String(name) : 'Error'
  const frames = framesOf(stack, own).filter((line) => sessionId === '' || !line.includes(sessionId))
  safe.stack = [`${safe.name}: ${safe.message}`, ...frames].join('\n')
  return safe
}

/** The calls alone. A stack begins with the message, of which a line may look like a call; a tool may make it a list. */
function framesOf(stack: unknown, message: string): string[] {
  if (typeof stack !== 'string') return []
  const start = stack.indexOf(message)
  const calls = start === -1 ? stack : stack.slice(start + message.length)
  return calls
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, MOST_FRAMES)
}

function isError(thrown: unknown): boolean {
  try {
    return types.isNativeError(thrown) || thrown instanceof Error
  } catch {
    return false
  }
}

/** A getter may throw. */
function readSafely(thrown: unknown, key: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}
