import { types } from 'node:util'
import type { MaybePromise } from '../base/when.ts'
import { isInstance, SessionUnavailableError } from '../errors.ts'
import { startLimit } from './deadline.ts'

/** An object of the application gave an answer that does not fit its interface. The message holds nothing of that answer. */
class BadAnswerError extends TypeError {}

/** Makes the error that `understand` throws when it cannot use an answer. */
export const badAnswer = (message: string): Error => new BadAnswerError(message)

/**
 * Call this with an answer that must not be a promise. If the answer is a promise after all, nobody waits for it. Without
 * this call, its rejection would end the process.
 */
export function disown(answer: unknown): void {
  if (types.isPromise(answer)) Promise.resolve(answer).catch(() => undefined)
}

/**
 * Calls an object that the application supplied, such as a store or an encryptor. The call has a time limit, and the answer
 * is checked. Neither the answer nor a thrown value is trusted. A late answer is dropped.
 *
 * @param understand turns the answer into the result. It throws `badAnswer()` if the answer does not fit.
 * @param seconds the time limit. `null` means no limit, for an object of this library that works within this process.
 * @param failure makes an error of this library from the thrown value. Reading a property of that value may throw.
 * @returns the result of `understand`, or a promise of it if the call has returned a promise
 * @throws `FST_SESSION_STORE`, or the error from `failure`
 */
export function ask<A, T>(
  call: () => A | PromiseLike<A>,
  understand: (answer: A) => T,
  seconds: number | null,
  failure: (thrown: unknown) => Error
): MaybePromise<T> {
  try {
    const answer = call()
    return isThenable(answer) ? waitFor(answer, understand, seconds, failure) : understand(answer)
  } catch (thrown) {
    throw asOurs(thrown, failure)
  }
}

function waitFor<A, T>(
  answer: PromiseLike<A>,
  understand: (answer: A) => T,
  seconds: number | null,
  failure: (thrown: unknown) => Error
): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (thrown: unknown) => reject(asOurs(thrown, failure))
    const stop = seconds === null ? undefined : startLimit(seconds, () => fail(noAnswer(seconds)))
    const refused = (thrown: unknown) => {
      stop?.()
      fail(thrown)
    }
    const answered = (value: A) => {
      stop?.()
      try {
        resolve(understand(value))
      } catch (thrown) {
        fail(thrown)
      }
    }
    try {
      Promise.resolve(answer).then(answered, refused)
    } catch (thrown) {
      // A promise of the application may have a getter that throws.
      refused(thrown)
    }
  })
}

const asOurs = (thrown: unknown, failure: (thrown: unknown) => Error): Error =>
  isInstance(thrown, BadAnswerError) ? new SessionUnavailableError({ cause: thrown }) : failure(thrown)

function noAnswer(seconds: number): Error {
  const error = new Error(`no answer within ${seconds} s (option "storeTimeout")`)
  return Object.assign(error, { code: 'ETIMEDOUT' })
}

/** Whether `answer` has a `then`. The check does not read `then`, because `then` may be a getter. */
export function isThenable<A>(answer: A | PromiseLike<A>): answer is PromiseLike<A> {
  return (typeof answer === 'object' || typeof answer === 'function') && answer !== null && 'then' in answer
}
