/** The longest time that a timer of Node takes; it fires at once for a longer one. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * How much longer a call has when its time is over. A process that was busy, or stopped, for longer than the limit finds
 * the timer due before it has read what came in meanwhile.
 */
const GRACE_MS = 20

/**
 * What `answer` comes to, if it comes in time. What comes later is dropped, also a rejection. The timer keeps no process
 * alive.
 * @param bound names what bounds the call, for the message: `option "storeTimeout"`
 * @throws an error with the code `ETIMEDOUT`, after the limit
 */
export function inTime<T>(answer: T | PromiseLike<T>, seconds: number, bound: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () =>
      reject(Object.assign(new Error(`no answer within ${seconds} s (${bound})`), { code: 'ETIMEDOUT' }))
    let timer = setTimeout(
      () => {
        timer = setTimeout(giveUp, GRACE_MS).unref()
      },
      Math.min(seconds * 1_000, LONGEST_MS)
    ).unref()
    new Promise<T>((settle) => settle(answer)).then(
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
