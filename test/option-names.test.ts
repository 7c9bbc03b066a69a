import t from 'tap'
import { checkOptionNames } from '../lib/option-names.ts'

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
