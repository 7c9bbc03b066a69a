import type { Answer } from '../types/store.ts'

// A store in memory has its answer at once, and a promise that need not be costs more than that store does. What follows
// an answer therefore runs at once where it is there, and later where it is a promise.

/** A promise, of whichever library. */
export function isPromise<T>(answer: Answer<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function'
}

/** As `answer.then(next)`. */
export function andThen<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  return isPromise(answer) ? answer.then(next) : next(answer)
}

/** As `ask().then(next, failed)`, also for what `ask` throws. */
export function settle<T, U>(
  ask: () => Answer<T>,
  next: (value: T) => Answer<U>,
  failed: (error: unknown) => Answer<U>
): Answer<U> {
  let answer: Answer<T>
  try {
    answer = ask()
  } catch (error) {
    return failed(error)
  }
  // One of another library becomes one of ours.
  return isPromise(answer) ? Promise.resolve(answer).then(next, failed) : next(answer)
}

/** As `ask().catch(failed)`, also for what `ask` throws. */
export function attempt<T, U>(ask: () => Answer<T>, failed: (error: unknown) => Answer<U>): Answer<T | U> {
  return settle<T, T | U>(ask, (value) => value, failed)
}
