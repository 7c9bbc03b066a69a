import t from 'tap'
import { type Waiting, walkSchedules } from '../../../lib/conformance/interleaving/schedules.ts'

type Operation = Pick<Waiting, 'key' | 'isRead'>

/** Walks all orders of these requests. Returns the number of orders, and the different ones, as the numbers of the requests. */
async function ordersOf(...requests: Operation[][]): Promise<{ count: number; orders: string[] }> {
  const orders = new Set<string>()
  const count = await walkSchedules(async (choose) => {
    const done = requests.map(() => 0)
    let order = ''
    for (;;) {
      const able = requests.flatMap((operations, request) => {
        const operation = operations[done[request]!]
        return operation === undefined ? [] : [{ request, name: 'call', ...operation }]
      })
      if (able.length === 0) break
      const { request } = able[choose(able)]!
      done[request]!++
      order += request
    }
    orders.add(order)
  })
  return { count, orders: [...orders].sort() }
}

const write = (key: string): Operation => ({ key, isRead: false })
const read = (key: string): Operation => ({ key, isRead: true })

t.test('all orders of operations on one record are walked', async (t) => {
  t.same(await ordersOf([write('a'), write('a')], [write('a')]), { count: 3, orders: ['001', '010', '100'] })
  t.equal((await ordersOf([write('a'), write('a')], [write('a'), write('a')])).orders.length, 6)
  t.equal((await ordersOf([write('a')], [write('a')], [write('a')])).orders.length, 6)
})

t.test('of orders that make no difference, one counts', async (t) => {
  t.equal((await ordersOf([write('a')], [write('b')])).count, 1)
  t.equal((await ordersOf([read('a')], [read('a')])).count, 1)
  t.equal((await ordersOf([read('a')], [write('a')])).count, 2)
})

t.test('without operations there is one order', async (t) => {
  t.same(await ordersOf([], []), { count: 1, orders: [''] })
})
