// A store or an encryptor may answer at once. Then everything after it runs in the same turn of the event loop, because a
// promise costs as much as a whole call of a store in memory.

export type MaybePromise<T> = T | Promise<T>

/** Goes on with the answer: now if it is there, or else when its promise resolves. */
export function when<T, R>(answer: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return answer instanceof Promise ? answer.then(next) : next(answer)
}

/**
 * Runs a step, and goes on with its result, or with its error if the step throws or its promise rejects. An error of
 * `next` does not go to `failed`.
 */
export function settle<T, R>(
  step: () => MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
  failed: (error: unknown) => MaybePromise<R>
): MaybePromise<R> {
  let result: MaybePromise<T>
  try {
    result = step()
  } catch (error) {
    return failed(error)
  }
  return result instanceof Promise ? result.then(next, failed) : next(result)
}

/** Runs a step, and returns a promise in any case. If the step throws, the promise rejects. */
export function promised<T>(step: () => MaybePromise<T>): Promise<T> {
  try {
    return Promise.resolve(step())
  } catch (error) {
    return Promise.reject(error)
  }
}
