import t from 'tap'
import { InFlight } from '../../../lib/lifecycle/order/in-flight.ts'
import { OneByOne } from '../../../lib/lifecycle/order/one-by-one.ts'

t.test('operations run one after the other, and a failed one does not stop the others', async (t) => {
  const inFlight = new InFlight()
  const order = new OneByOne(inFlight)
  const log: string[] = []
  const operation = (name: string) => async () => {
    log.push(`${name} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    log.push(`${name} ends`)
    if (name === 'b') throw new Error('no')
    return name
  }
  t.equal(order.isFree, true)
  const a = order.run(operation('a'))
  t.same(log, ['a begins'])
  const b = order.run(operation('b'))
  const c = order.run(operation('c'))
  t.equal(order.isFree, false)
  await t.rejects(b, /no/)
  t.equal(await a, 'a')
  t.equal(await c, 'c')
  t.same(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  t.equal(await inFlight.ended(1), 0)
  t.equal(order.isFree, true)
})
