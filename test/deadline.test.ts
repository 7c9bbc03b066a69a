import t, { type Test } from 'tap'
import { Deadline } from '../lib/deadline.ts'

/** A promise that a test settles when it likes. */
function open<T>() {
  let resolve = (_: T): void => undefined
  let reject = (_: Error): void => undefined
  const promise = new Promise<T>((settle, refuse) => {
    resolve = settle
    reject = refuse
  })
  return { promise, resolve, reject }
}

const never = () => new Promise<never>(() => undefined)

/** Timers that run when the test says so. */
function ticking(t: Test) {
  const running = new Set<() => void>()
  let started = 0
  t.intercept(globalThis, 'setInterval', {
    value: (run: () => void, milliseconds: number) => {
      t.equal(milliseconds, 100)
      running.add(run)
      started++
      return { unref: () => run }
    }
  })
  t.intercept(globalThis, 'clearInterval', { value: (run: () => void) => running.delete(run) })
  return {
    running,
    get started() {
      return started
    },
    async tick(times = 1) {
      for (let i = 0; i < times; i++) for (const run of running) run()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** What has become of a promise so far. */
function outcome<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: Error & { code?: string } } = {}
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

t.test('an answer in time is handed on as it is, a rejection too', async (t) => {
  const deadline = new Deadline(1)
  t.equal(await deadline.bound(Promise.resolve(7)), 7)
  const down = new Error('down')
  await t.rejects(deadline.bound(Promise.reject(down)), down)
  t.equal(await deadline.bound(8 as unknown as Promise<number>), 8, 'also from a store that is not asynchronous')
  t.equal(deadline.pending, 0)
})

t.test('a call that is not answered is given up with the limit in the message, never later than that', async (t) => {
  const clock = ticking(t)
  const deadline = new Deadline(2)
  const first = outcome(deadline.bound(never()))
  await clock.tick()
  const second = outcome(deadline.bound(never()))
  await clock.tick(18)
  t.same(first, {})
  await clock.tick()
  t.match(first, { error: { message: 'no answer within 2 s (option "storeTimeout")', code: 'ETIMEDOUT' } })
  t.same(second, {}, 'each has its own time')
  t.equal(deadline.pending, 1)
  await clock.tick()
  t.match(second.error, { code: 'ETIMEDOUT' })
})

t.test('there is one clock, which runs only while a call is pending', async (t) => {
  const clock = ticking(t)
  const deadline = new Deadline(1)
  t.equal(clock.running.size, 0)
  const later = open<string>()
  const calls = [later.promise, ...Array.from({ length: 1_000 }, async () => 'at once')].map((answer) =>
    deadline.bound(answer)
  )
  t.equal(clock.running.size, 1)
  later.resolve('later')
  await Promise.all(calls)
  t.equal(deadline.pending, 0)
  t.equal(clock.running.size, 1, 'it is not stopped and started for each call')
  await clock.tick()
  t.equal(clock.running.size, 0)
  await deadline.bound(Promise.resolve())
  t.equal(clock.started, 2)
})

t.test('the process may end while a call is pending', async (t) => {
  const started: NodeJS.Timeout[] = []
  const original = globalThis.setInterval
  t.intercept(globalThis, 'setInterval', {
    value: (run: () => void, milliseconds: number) => {
      const timer = original(run, milliseconds)
      started.push(timer)
      return timer
    }
  })
  void new Deadline(1).bound(never()).catch(() => undefined)
  t.same(
    started.map((timer) => timer.hasRef()),
    [false]
  )
  for (const timer of started) clearInterval(timer)
})

t.test('what comes late is dropped, and a late rejection is nobody’s', async (t) => {
  const clock = ticking(t)
  const unhandled: unknown[] = []
  const listener = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  const deadline = new Deadline(1)
  const [resolved, rejected] = [open<string>(), open<string>()]
  const outcomes = [resolved, rejected].map(({ promise }) => outcome(deadline.bound(promise)))
  await clock.tick(10)
  resolved.resolve('late')
  rejected.reject(new Error('late'))
  await clock.tick()
  for (const { value, error } of outcomes) {
    t.equal(value, undefined)
    t.equal(error?.code, 'ETIMEDOUT')
  }
  t.same(unhandled, [])
  t.equal(deadline.pending, 0)
})

t.test('a process that was busy for longer than the limit still takes the answer that came meanwhile', async (t) => {
  const clock = ticking(t)
  const deadline = new Deadline(1)
  const late = open<string>()
  const call = outcome(deadline.bound(late.promise))
  // However long it was: the timer that is due runs once.
  await clock.tick()
  late.resolve('it was there all along')
  await clock.tick()
  t.same(call, { value: 'it was there all along' })
})
