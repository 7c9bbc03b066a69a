import { types } from 'node:util'

/** Redis repeats the arguments of an unknown command in its error, and they are keys and session data. */
const ECHO = /,? with args beginning with:?.*/s

/** A name or a code. A longer text, or one with spaces, may be a sentence about the session. */
const HARMLESS_WORD = /^\w{1,64}$/

/** A line of a stack trace. It ends with a position in a file, or with the word that V8 writes where there is none. */
const FRAME = /^ {4}at .*(?::\d+:\d+|<anonymous>|native|index \d+)\)?$/

const MOST_FRAMES = 50

/**
 * Makes a copy of a store's error that is safe to log: name, code, message and stack, without the session's id.
 *
 * Other fields are left out, because clients attach secrets to their errors. An error of ioredis has the command with its
 * arguments, and an AggregateError has a list of errors. This function never throws, whatever `thrown` is.
 */
export function withoutSecrets(thrown: unknown, sessionId: string): Error {
  const strip = (text: string) => (sessionId === '' ? text : text.replaceAll(sessionId, '[id]')).replace(ECHO, '')
  return safeCopy(thrown, sessionId, strip)
}

/**
 * Makes a copy of an error from an encryptor or a serializer that is safe to log: name, code and stack only. The message is
 * left out, because it often quotes the input, and the input is session data.
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

/**
 * The lines of a stack trace that are calls. A stack starts with the message, and a line of the message may look like a
 * call, so the message is cut off first. A tool may have replaced the stack by something that is not text.
 */
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

/** The value of a property, or `undefined` if its getter throws. */
function readSafely(thrown: unknown, key: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}
