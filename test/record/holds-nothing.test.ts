import t from 'tap'
import { holdsNothing } from '../../lib/record/holds-nothing.ts'

t.test('no keys, and keys with empty objects and arrays, hold nothing', async (t) => {
  for (const data of [{}, { flash: {} }, { cart: [] }, { a: {}, b: [], c: Object.create(null) }]) {
    t.equal(holdsNothing(data), true)
  }
})

t.test('everything else is something, also what is falsy or has no keys of its own', async (t) => {
  for (const value of [0, '', false, null, 'x', [undefined], { a: {} }, [[]], new Date(0), new Map(), /x/]) {
    t.equal(holdsNothing({ flash: {}, value }), false)
  }
})

t.test('what cannot be read is something', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.equal(holdsNothing({ proxy }), false)
})
