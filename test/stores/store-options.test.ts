import t from 'tap'
import { checkOptionNames, positiveInteger } from '../../lib/stores/store-options.ts'

t.test('options that exist are accepted', async (t) => {
  t.doesNotThrow(() => checkOptionNames('Store', {}, ['prefix', 'size']))
  t.doesNotThrow(() => checkOptionNames('Store', { size: 1 }, ['prefix', 'size']))
})

t.test('an unknown option is refused together with the nearest known name', async (t) => {
  t.throws(() => checkOptionNames('Store', { size: 1, sise: 1 }, ['prefix', 'size']), {
    code: 'FST_SESSION_OPTIONS',
    message: 'Store: unknown option "sise": did you mean "size"? Known are prefix, size'
  })
})

t.test('options that are not an object are refused', async (t) => {
  for (const options of [null, 'text', 1, undefined]) {
    t.throws(() => checkOptionNames('Store', options as unknown as object, ['client', 'prefix']), {
      code: 'FST_SESSION_OPTIONS',
      message: 'Store: the options must be an object, with client, prefix'
    })
  }
})

t.test('a positive integer is returned, and undefined becomes the default', async (t) => {
  t.equal(positiveInteger('Store', 'size', 1, 7), 1)
  t.equal(positiveInteger('Store', 'size', undefined, 7), 7)
  t.equal(positiveInteger('Store', 'size', 9, 7, 9), 9)
})

t.test('anything else is refused by name', async (t) => {
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
