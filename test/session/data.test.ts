import t from 'tap'
import { dataOf } from '../../lib/session/data.ts'

t.test('the data are the own properties, followed by the keys that are kept aside', async (t) => {
  const session = Object.assign(Object.create({ inherited: 1 }), { b: 1, a: undefined, c: [2] })
  const data = dataOf(session, new Map([['id', 'user-7']]))
  t.same(Object.entries(data), [
    ['b', 1],
    ['c', [2]],
    ['id', 'user-7']
  ])
  t.equal(data.c, session.c, 'the values are not copied')
})

t.test('an own key __proto__ is an ordinary data key', async (t) => {
  const session = Object.defineProperty({}, '__proto__', { value: { admin: true }, enumerable: true })
  for (const data of [dataOf(session, null), dataOf({}, new Map([['__proto__', { admin: true }]]))]) {
    t.same(Object.keys(data), ['__proto__'])
    t.equal(Object.getPrototypeOf(data), Object.prototype)
    t.equal(data.admin, undefined)
  }
})

t.test('if a getter throws, the message names its key and leaves out the text of the error', async (t) => {
  const session = Object.defineProperty({}, 'card', {
    enumerable: true,
    get() {
      throw new Error('4111 1111 1111 1111')
    }
  })
  const failing = () => dataOf(session, null)
  t.throws(failing, { code: 'FST_SESSION_SERIALIZE', message: /key "card" cannot be read: its getter throws/ })
  try {
    failing()
  } catch (error) {
    t.notMatch(String((error as Error).cause), '4111')
  }
})
