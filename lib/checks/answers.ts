import { types } from 'node:util'
import { isInstance, SessionUnavailableError } from '../errors.ts'
import { inTime } from './deadline.ts'

/** What an object of the application answered is not what its interface asks for. The text is ours. */
class BadAnswerError extends TypeError {}

/** For `understand`: the answer cannot be used. */
export const badAnswer = (message: string): Error => new BadAnswerError(message)

/** For an answer that must not be a promise: if it is one, nobody waits for it, so its failure must not end the process. */
export function disown(answer: unknown): void {
  if (types.isPromise(answer)) Promise.resolve(answer).catch(() => undefined)
}

/**
 * Asks an object that the application brought: a store, or an encryptor. Bounds the call in time, checks the answer, and
 * trusts neither the answer nor what is thrown. A late answer is dropped.
 *
 * @param understand makes of the answer what is needed; throws `badAnswer()`
 * @param seconds the limit; `null`: the object is our own and answers without asking anybody
 * @param failure makes our error of what was thrown, without reading it unguarded
 * @throws `FST_SESSION_STORE`, or what `failure` made
 */
export async function ask<A, T>(
  call: () => A | PromiseLike<A>,
  understand: (answer: A) => T,
  seconds: number | null,
  failure: (thrown: unknown) => Error
): Promise<T> {
  try {
    const answer = call()
    if (!isThenable(answer)) return understand(answer)
    return understand(await (seconds === null ? answer : inTime(answer, seconds, () => noAnswer(seconds))))
  } catch (thrown) {
    if (isInstance(thrown, BadAnswerError)) throw new SessionUnavailableError({ cause: thrown })
    throw failure(thrown)
  }
}

function noAnswer(seconds: number): Error {
  const error = new Error(`no answer within ${seconds} s (option "storeTimeout")`)
  return Object.assign(error, { code: 'ETIMEDOUT' })
}

/** Without reading `then`, which may be a getter. */
export function isThenable<A>(answer: A | PromiseLike<A>): answer is PromiseLike<A> {
  return (typeof answer === 'object' || typeof answer === 'function') && answer !== null && 'then' in answer
}
