/**
 * How much longer a call has when its time is over. A process that was busy, or stopped, for longer than the limit finds
 * the timer due before it has read what came in meanwhile.
 */
const GRACE_MS = 20

/**
 * What `answer` comes to, if it comes in time. What comes later is dropped, also a rejection. The timer keeps no process
 * alive.
 * @throws what `late` makes, after the limit
 */
export function inTime<T>(answer: T | PromiseLike<T>, seconds: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(() => {
      timer = setTimeout(() => reject(late()), GRACE_MS).unref()
    }, seconds * 1_000).unref()
    Promise.resolve(answer).then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      }
    )
  })
}
