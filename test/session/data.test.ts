import t from 'tap'
import { dataOf } from '../../lib/session/data.ts'

t.test('the data are own properties, and what is kept aside comes last', async (t) => {
  const session = Object.assign(Object.create({ inherited: 1 }), { b: 1, a: undefined, c: [2] })
  const data = dataOf(session, new Map([['id', 'user-7']]))
  t.same(Object.entries(data), [
    ['b', 1],
    ['c', [2]],
    ['id', 'user-7']
  ])
  t.equal(data.c, session.c, 'the values themselves')
})

t.test('an own key __proto__ is data, wherever it comes from', async (t) => {
  const session = Object.defineProperty({}, '__proto__', { value: { admin: true }, enumerable: true })
  for (const data of [dataOf(session, null), dataOf({}, new Map([['__proto__', { admin: true }]]))]) {
    t.same(Object.keys(data), ['__proto__'])
    t.equal(Object.getPrototypeOf(data), Object.prototype)
    t.equal(data.admin, undefined)
  }
})

t.test('a getter that throws is named by its key, and its text is kept back', async (t) => {
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
