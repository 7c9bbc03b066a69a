import t from 'tap'
import { memberRefusal, reserveMembers } from '../../lib/session/reserved.ts'

t.test('members and inherited names cannot be assigned, and still work', async (t) => {
  class Thing {
    hello(): string {
      return 'hello'
    }
    get size(): number {
      return 1
    }
  }
  const reserved = reserveMembers(Thing.prototype)
  const thing = new Thing()
  t.same([thing.hello(), thing.size, String(thing)], ['hello', 1, '[object Object]'])
  for (const name of ['hello', 'size', 'toString', '__proto__', '__metadata__', 'constructor']) {
    t.equal(reserved.has(name), true)
    t.throws(() => Object.assign(thing, JSON.parse(`{"${name}":1}`)), { code: 'FST_SESSION_KEY' })
  }
  t.equal(reserved.has('data'), false)
})

t.test('the message names the remedy', async (t) => {
  t.match(memberRefusal('id').message, /session\.set\("id", value\)/)
  t.match(memberRefusal('__metadata__').message, /use another key/)
})
