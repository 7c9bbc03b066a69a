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
  await t.rejects(async () => b, /no/)
  t.equal(await a, 'a')
  t.equal(await c, 'c')
  t.same(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  t.equal(await inFlight.ended(1), 0)
  t.equal(order.isFree, true)
})

t.test('an operation that ends or throws at once has its result at once', async (t) => {
  const inFlight = new InFlight()
  const order = new OneByOne(inFlight)
  const seen: boolean[] = []
  t.equal(
    order.run(() => {
      seen.push(order.isFree)
      return 1
    }),
    1
  )
  t.throws(
    () =>
      order.run(() => {
        throw new Error('at once')
      }),
    /at once/
  )
  t.same(seen, [false], 'the order is not free while the operation runs')
  t.equal(order.isFree, true)
})

t.test('after a slow operation, operations that end or throw at once take their turns', async (t) => {
  const order = new OneByOne(new InFlight())
  const log: string[] = []
  const slow = order.run(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    log.push('slow')
  })
  const failing = order.run(() => {
    log.push('failing')
    throw new Error('at once')
  })
  const quick = order.run(() => {
    log.push('quick')
    return 2
  })
  await slow
  await t.rejects(async () => failing, /at once/)
  t.equal(await quick, 2)
  t.same(log, ['slow', 'failing', 'quick'])
  t.equal(order.isFree, true)
})
