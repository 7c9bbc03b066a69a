import { runInNewContext } from 'node:vm'
import t from 'tap'
import { validate } from '../../lib/fastify/options-validator.ts'

const read = () => null
const methods = { read, write() {}, remove() {} }

t.test('a value that does not match is reported with its part of the schema', async (t) => {
  t.equal(validate({ cookie: { path: 'app' } }), false)
  t.match(validate.errors, [
    {
      keyword: 'pattern',
      instancePath: '/cookie/path',
      parentSchema: { description: /^a path that begins with/ },
      data: 'app'
    }
  ])
  t.equal(validate({}), true)
  t.equal(validate.errors, null)
})

t.test('an object must have the methods of its keyword, and they may be inherited', async (t) => {
  const valid = [methods, Object.create(methods), { ...methods, touch: undefined }, { ...methods, touch() {} }]
  for (const store of valid) t.equal(validate({ store }), true)
  const invalid = [null, 'text', read, {}, { ...methods, read: 1 }, { ...methods, touch: null }]
  for (const store of invalid) t.equal(validate({ store }), false)
})

t.test('a pattern may be a RegExp of any realm, but not an object that looks like one', async (t) => {
  for (const pattern of [/a/, runInNewContext('/a/'), '/a']) t.equal(validate({ autoload: [pattern] }), true)
  for (const pattern of [{ source: 'a', test() {} }, 'a', null]) t.equal(validate({ autoload: [pattern] }), false)
})
