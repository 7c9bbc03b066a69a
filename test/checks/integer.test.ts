import t from 'tap'
import { gcSeconds, numbersOf, positiveInteger, secondsToKeep } from '../../lib/checks/integer.ts'

t.test('a positive integer is returned, and undefined becomes the default', async (t) => {
  t.equal(positiveInteger('Store', 'size', 1, 7), 1)
  t.equal(positiveInteger('Store', 'size', undefined, 7), 7)
  t.equal(positiveInteger('Store', 'size', 9, 7, 9), 9)
})

t.test('anything else is refused, and the message names the option', async (t) => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
    t.throws(() => positiveInteger('Store', 'size', value as number, 7), {
      code: 'FST_SESSION_OPTIONS',
      message: 'Store: size must be a positive integer'
    })
  }
})

t.test('a value above the upper bound is refused with the range', async (t) => {
  t.throws(() => positiveInteger('Store', 'size', 10, 7, 9), { message: 'Store: size must be an integer from 1 to 9' })
})

t.test('gcTtl is in seconds, and a number of milliseconds is refused', async (t) => {
  t.equal(gcSeconds('Store', undefined, 7), 7)
  t.equal(gcSeconds('Store', 86_400, 7), 86_400)
  t.throws(() => gcSeconds('Store', 0, 7), { message: 'Store: gcTtl must be a positive integer' })
  t.throws(() => gcSeconds('Store', 86_400_000, 7), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'Store: gcTtl is 86400000 seconds, but must be at most 400 days: did you mean milliseconds? Durations are in seconds, so write 86400'
  })
})

t.test('with lifetime 0 a store keeps a session for gcTtl, but not longer than its ttl', async (t) => {
  t.equal(secondsToKeep(60, 12.5, 100), 12.5)
  t.equal(secondsToKeep(60, 0, 100), 0)
  t.equal(secondsToKeep(0, 0, 100), 100)
  t.equal(secondsToKeep(0, 12.5, 100), 12.5)
  t.equal(secondsToKeep(0, 1_000, 100), 100)
})

t.test('the numbers of a store are checked together, and missing ones get their defaults', async (t) => {
  const defaults = { gcTtl: 1, count: 2 }
  t.same(numbersOf('Store', { count: 7 }, defaults), { gcTtl: 1, count: 7 })
  t.same(numbersOf('Store', { count: undefined }, defaults), defaults)
  t.throws(() => numbersOf('Store', { count: 0 }, defaults), { message: 'Store: count must be a positive integer' })
  t.throws(() => numbersOf('Store', { gcTtl: 86_400_000 }, defaults), { message: /did you mean milliseconds/ })
  t.throws(() => numbersOf('Store', { coumt: 1 } as object, defaults), { message: /^Store: .*"coumt".*"count"/ })
})
