import t from 'tap'
import { isObject } from '../../lib/base/is-object.ts'

t.test('objects, lists and instances are objects, but null, functions and plain values are not', async (t) => {
  for (const value of [{}, [], new Date(0), Object.create(null)]) t.equal(isObject(value), true)
  for (const value of [null, undefined, 'text', 1, true, () => 1]) t.equal(isObject(value), false)
})
