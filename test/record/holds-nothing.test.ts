import t from 'tap'
import { holdsNothing } from '../../lib/record/holds-nothing.ts'

t.test('data without keys, or with empty objects and arrays only, hold nothing', async (t) => {
  for (const data of [{}, { flash: {} }, { cart: [] }, { a: {}, b: [], c: Object.create(null) }]) {
    t.equal(holdsNothing(data), true)
  }
})

t.test('any other value counts as something, also a falsy value or an instance without keys', async (t) => {
  for (const value of [0, '', false, null, 'x', [undefined], { a: {} }, [[]], new Date(0), new Map(), /x/]) {
    t.equal(holdsNothing({ flash: {}, value }), false)
  }
})

t.test('a key that cannot be read counts as something', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.equal(holdsNothing({ proxy }), false)
})
