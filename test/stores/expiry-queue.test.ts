import t from 'tap'
import { ExpiryQueue } from '../../lib/stores/expiry-queue.ts'

/** Takes all slots in the queue's order; their expiries. */
function drain(queue: ExpiryQueue): number[] {
  const order: number[] = []
  while (queue.first !== undefined) {
    order.push(queue.expires(queue.first))
    queue.remove(queue.first)
  }
  return order
}

const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b)

/** The slots are numbered as the expiries are. */
function filled(expiries: readonly number[]): ExpiryQueue {
  const queue = new ExpiryQueue()
  expiries.forEach((expires, slot) => {
    queue.push(slot, expires)
  })
  return queue
}

t.test('an empty queue has nobody first, and is never due', async (t) => {
  const queue = new ExpiryQueue()
  t.equal(queue.first, undefined)
  t.equal(queue.due, Number.POSITIVE_INFINITY)
})

t.test('slots come out in the order of their expiry', async (t) => {
  const expiries = [5, 3, 8, 1, 9, 2, 7, 3, 6, 4]
  const queue = filled(expiries)
  t.equal(queue.due, 1)
  t.same(drain(queue), ascending(expiries))
})

t.test('a prolonged slot goes back at once', async (t) => {
  const queue = filled([1, 2, 3])
  queue.change(0, 10)
  t.equal(queue.first, 1)
  t.equal(queue.due, 2)
  t.equal(queue.expires(0), 10)
  t.same(drain(queue), [2, 3, 10])
})

t.test('a shortened slot comes forward at once', async (t) => {
  const queue = filled([1, 2, 3, 4, 5, 6, 7])
  queue.change(6, 0.5)
  t.equal(queue.first, 6)
  t.same(drain(queue), [0.5, 1, 2, 3, 4, 5, 6])
})

t.test('a slot that was prolonged and then shortened expires at the last of its times', async (t) => {
  const queue = filled([1, 5, 9])
  queue.change(1, 20)
  queue.change(1, 7)
  t.equal(queue.expires(1), 7)
  t.same(drain(queue), [1, 7, 9])
})

t.test('a slot that is sooner than a prolonged one does not get in front of those below it', async (t) => {
  const queue = filled([1, 2, 9, 3])
  queue.change(1, 100)
  queue.push(4, 50)
  t.same(drain(queue), [1, 3, 9, 50, 100])
})

t.test('the last slot takes the number of one that is removed', async (t) => {
  const queue = filled([4, 1, 3, 2])
  queue.remove(1)
  t.equal(queue.first, 1, 'slot 3, which expires at 2')
  queue.remove(2)
  t.same([queue.expires(0), queue.expires(1)], [4, 2])
})

t.test('removing the last of the heap may bring another branch forward', async (t) => {
  // The hole left by 20 is filled from the other branch, by one sooner than its new parent.
  const queue = filled([1, 10, 2, 20, 30, 3, 4])
  queue.remove(3)
  t.same(drain(queue), [1, 2, 3, 4, 10, 30])
})

t.test('any mix of operations keeps the order', async (t) => {
  let seed = 42
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  for (let round = 0; round < 200; round++) {
    const queue = new ExpiryQueue()
    const expected: number[] = []
    for (let step = 0; step < 100; step++) {
      const action = random(4)
      const slot = random(expected.length)
      if (action < 2 || expected.length === 0) {
        expected.push(random(50))
        queue.push(expected.length - 1, expected.at(-1)!)
      } else if (action === 2) {
        expected[slot] = random(50)
        queue.change(slot, expected[slot])
      } else {
        queue.remove(slot)
        const last = expected.pop()!
        if (slot < expected.length) expected[slot] = last
      }
      if (queue.due !== Math.min(...expected)) t.fail('due is when the soonest expires')
    }
    expected.forEach((expires, slot) => {
      if (queue.expires(slot) !== expires) t.fail('every slot keeps its own expiry')
    })
    const order = drain(queue)
    if (order.join() !== ascending(expected).join()) t.fail(`round ${round}: ${order}`)
  }
  t.pass('200 rounds')
})
