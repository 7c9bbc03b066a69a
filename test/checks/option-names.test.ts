import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ownOptions } from '../../lib/checks/option-names.ts'

t.test('known options are accepted', async (t) => {
  t.doesNotThrow(() => ownOptions('Store', {}, ['prefix', 'size']))
  t.doesNotThrow(() => ownOptions('Store', { size: 1 }, ['prefix', 'size']))
})

t.test('the result is a copy of the own options', async (t) => {
  Object.assign(Object.prototype, { prefix: 'inherited' })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'prefix'))
  const options: { size: number; prefix?: string } = { size: 1 }
  const own = ownOptions('Store', options, ['prefix', 'size'])
  options.size = 2
  t.equal(own.size, 1)
  t.equal(own.prefix, undefined)
})

t.test('an unknown option is refused together with the nearest known name', async (t) => {
  t.throws(() => ownOptions('Store', { size: 1, sise: 1 }, ['prefix', 'size']), {
    code: 'FST_SESSION_OPTIONS',
    message: 'Store: unknown option "sise": did you mean "size"? Known are prefix, size'
  })
})

t.test('options that are not an object are refused', async (t) => {
  for (const options of [null, 'text', 1, undefined]) {
    t.throws(() => ownOptions('Store', options as unknown as object, ['client', 'prefix']), {
      code: 'FST_SESSION_OPTIONS',
      message: 'Store: the options must be an object, with client, prefix'
    })
  }
})

t.test('if no known name is near, the message lists all names', async (t) => {
  t.throws(() => ownOptions('Store', { zzz: 1 }, ['prefix', 'size']), {
    message: 'Store: unknown option "zzz": known are prefix, size'
  })
})

t.test('for an option name of another library, the message has a remedy', async (t) => {
  t.throws(() => ownOptions('Store', { 'Max-Age': 1 }, ['prefix', 'size'], { maxage: 'write it so.' }), {
    message: 'Store: unknown option "Max-Age": write it so. Known are prefix, size'
  })
})

t.test('a client without an object around it is refused, but an instance with known options is accepted', async (t) => {
  class Client {
    socket = 1
  }
  class Options {
    size = 1
  }
  t.throws(() => ownOptions('Store', new Client(), ['client', 'size']), {
    message: 'Store: the options must be a plain object, with client, size: write `{ client: ... }`'
  })
  t.same(ownOptions('Store', new Options(), ['client', 'size']).size, 1)
  t.doesNotThrow(() => ownOptions('Store', runInNewContext('({})'), ['client', 'size']))
  t.doesNotThrow(() => ownOptions('Store', Object.create(null), ['client', 'size']))
})
