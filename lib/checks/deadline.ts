/**
 * A call gets this much more time after its limit. When a process was busy or stopped for longer than the limit, its timer
 * fires first. The process then needs a moment to read an answer that has already arrived.
 */
const GRACE_MS = 20

/**
 * Calls `late` after the limit, unless the result is called before. The timer does not keep the process alive.
 * @returns stops the timer
 */
export function startLimit(seconds: number, late: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(late, GRACE_MS).unref()
  }, seconds * 1_000).unref()
  return () => clearTimeout(timer)
}

/**
 * Waits for `answer`, but not longer than the limit. A later answer is dropped, and so is a later rejection.
 * @param late makes the error for an answer that is too late
 * @returns the value of `answer`
 * @throws the rejection of `answer`, or the error from `late`
 */
export function inTime<T>(answer: T | PromiseLike<T>, seconds: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = startLimit(seconds, () => reject(late()))
    Promise.resolve(answer).then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error)
      }
    )
  })
}
