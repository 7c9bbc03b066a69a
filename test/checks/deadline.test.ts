import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { inTime, startLimit } from '../../lib/checks/deadline.ts'

const LATE = () => new Error('too late')

/** Timers that the test fires by hand. */
function handTimers(t: Test) {
  const timers: { fire: () => void; delay: number; hasRef: boolean; cleared: boolean }[] = []
  t.intercept(globalThis, 'setTimeout', {
    value: (fire: () => void, delay: number) => {
      const timer = {
        fire,
        delay,
        hasRef: true,
        cleared: false,
        unref() {
          timer.hasRef = false
          return timer
        }
      }
      timers.push(timer)
      return timer
    }
  })
  t.intercept(globalThis, 'clearTimeout', { value: (timer: { cleared: boolean }) => void (timer.cleared = true) })
  return timers
}

/** The value or error of a promise, if it has one already. */
function outcome<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: Error } = {}
  promise.then(
    (value) => {
      seen.value = value
    },
    (error) => {
      seen.error = error
    }
  )
  return seen
}

t.test('an answer or a rejection in time is passed on unchanged, and no timer is left', async (t) => {
  const timers = handTimers(t)
  t.equal(await inTime(Promise.resolve(7), 1, LATE), 7)
  const down = new Error('down')
  await t.rejects(inTime(Promise.reject(down), 1, LATE), down)
  t.same(
    timers.map(({ delay, hasRef, cleared }) => [delay, hasRef, cleared]),
    [
      [1_000, false, true],
      [1_000, false, true]
    ],
    'no timer keeps the process alive'
  )
})

t.test('a call without an answer ends with the error of its caller', async (t) => {
  const timers = handTimers(t)
  const call = outcome(inTime(new Promise(() => undefined), 2, LATE))
  timers[0]!.fire()
  await turn()
  t.same(call, {}, 'the call has a little more time first')
  t.equal(timers[1]!.hasRef, false)
  timers[1]!.fire()
  await turn()
  t.match(call, { error: { message: 'too late' } })
})

t.test('a process that was stopped for longer than the limit still takes an answer that has arrived', async (t) => {
  const timers = handTimers(t)
  let answer = (_: string): void => undefined
  const call = outcome(inTime(new Promise<string>((resolve) => (answer = resolve)), 1, LATE))
  timers[0]!.fire()
  answer('it was there all along')
  await turn()
  t.same(call, { value: 'it was there all along' })
  t.equal(timers[1]!.cleared, true)
})

t.test('a late answer is dropped, and a late rejection is not an unhandled one', async (t) => {
  const timers = handTimers(t)
  const unhandled: unknown[] = []
  const listener = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  let refuse = (_: Error): void => undefined
  const call = outcome(inTime(new Promise((_, reject) => (refuse = reject)), 1, LATE))
  timers[0]!.fire()
  timers[1]!.fire()
  refuse(new Error('late'))
  await turn()
  t.equal(call.error?.message, 'too late')
  t.same(unhandled, [])
})

t.test('a limit calls its function once, after the limit and a little more time', async (t) => {
  const timers = handTimers(t)
  let calls = 0
  startLimit(3, () => calls++)
  t.match(timers, [{ delay: 3_000, hasRef: false }])
  timers[0]!.fire()
  t.equal(calls, 0)
  t.match(timers[1], { delay: 20, hasRef: false })
  timers[1]!.fire()
  t.equal(calls, 1)
})

t.test('a limit can be stopped before it, and in the little more time after it', async (t) => {
  const timers = handTimers(t)
  startLimit(3, () => t.fail('the limit was stopped'))()
  t.equal(timers[0]!.cleared, true)
  const stop = startLimit(3, () => t.fail('the limit was stopped'))
  timers[1]!.fire()
  stop()
  t.equal(timers[2]!.cleared, true)
})
