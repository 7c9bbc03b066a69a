import t from 'tap'
import { positiveInteger } from '../../lib/checks/integer.ts'

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
