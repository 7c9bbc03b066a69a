import t from 'tap'
import { offersMethods } from '../../lib/checks/offers-methods.ts'

t.test('a value has methods if all of them are functions', async (t) => {
  const value = { read() {}, write: () => undefined, size: 1 }
  t.equal(offersMethods(value, ['read', 'write']), true)
  t.equal(offersMethods(value, ['read', 'size']), false)
  t.equal(offersMethods(value, ['read', 'remove']), false)
  t.equal(
    offersMethods(
      Object.assign(() => undefined, value),
      ['read']
    ),
    true
  )
})

t.test('null and nothing have no methods', async (t) => {
  for (const value of [undefined, null]) t.equal(offersMethods(value, ['read']), false)
  t.equal(offersMethods('text', ['read']), false)
})
