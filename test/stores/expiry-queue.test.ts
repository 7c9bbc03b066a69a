import t from 'tap'
import { ExpiryQueue } from '../../lib/stores/expiry-queue.ts'

interface Entry {
  name: number
  place: number
}

/** Takes all entries in the queue's order; their exact expiries. */
function drain(queue: ExpiryQueue<Entry>): number[] {
  const order: number[] = []
  while (queue.first !== undefined) {
    while (queue.settle());
    order.push(queue.expires(queue.first))
    queue.remove(queue.first)
  }
  return order
}

const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b)

function filled(expiries: readonly number[]): { queue: ExpiryQueue<Entry>; entries: Entry[] } {
  const queue = new ExpiryQueue<Entry>()
  const entries = expiries.map((expires, name) => {
    const entry = { name, place: 0 }
    queue.push(entry, expires)
    return entry
  })
  return { queue, entries }
}

t.test('an empty queue has nobody first, and is never due', async (t) => {
  const queue = new ExpiryQueue<Entry>()
  t.equal(queue.first, undefined)
  t.equal(queue.due, Number.POSITIVE_INFINITY)
  t.equal(queue.settle(), false)
})

t.test('entries come out in the order of their expiry', async (t) => {
  const expiries = [5, 3, 8, 1, 9, 2, 7, 3, 6, 4]
  const { queue } = filled(expiries)
  t.equal(queue.due, 1)
  t.same(drain(queue), ascending(expiries))
})

t.test('a prolonged entry keeps its place until it is first', async (t) => {
  const { queue, entries } = filled([1, 2, 3])
  queue.change(entries[0]!, 10)
  t.equal(queue.first, entries[0])
  t.equal(queue.due, 1, 'nothing expires before')
  t.equal(queue.expires(entries[0]!), 10)
  t.equal(queue.settle(), true)
  t.equal(queue.first, entries[1])
  t.equal(queue.settle(), false, 'the first one is where it belongs')
  t.same(drain(queue), [2, 3, 10])
})

t.test('a shortened entry comes forward at once', async (t) => {
  const { queue, entries } = filled([1, 2, 3, 4, 5, 6, 7])
  queue.change(entries[6]!, 0.5)
  t.equal(queue.first, entries[6])
  t.same(drain(queue), [0.5, 1, 2, 3, 4, 5, 6])
})

t.test('an entry that was prolonged and then shortened expires at the last of its times', async (t) => {
  const { queue, entries } = filled([1, 5, 9])
  queue.change(entries[1]!, 20)
  queue.change(entries[1]!, 7)
  t.equal(queue.expires(entries[1]!), 7)
  t.same(drain(queue), [1, 7, 9])
})

t.test('an entry that is sooner than a prolonged one does not get in front of those below it', async (t) => {
  const { queue, entries } = filled([1, 2, 9, 3])
  queue.change(entries[1]!, 100)
  queue.push({ name: 4, place: 0 }, 50)
  t.same(drain(queue), [1, 3, 9, 50, 100])
})

t.test('removing the last of the heap may bring another branch forward', async (t) => {
  // The hole left by 20 is filled from the other branch, by an entry sooner than its new parent.
  const { queue, entries } = filled([1, 10, 2, 20, 30, 3, 4])
  queue.remove(entries[3]!)
  t.same(drain(queue), [1, 2, 3, 4, 10, 30])
})

t.test('any mix of operations keeps the order', async (t) => {
  let seed = 42
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  for (let round = 0; round < 200; round++) {
    const queue = new ExpiryQueue<Entry>()
    const expected = new Map<Entry, number>()
    for (let step = 0; step < 100; step++) {
      const action = random(4)
      const [entry] = [...expected.keys()].slice(random(expected.size))
      if (action < 2 || entry === undefined) {
        const added = { name: step, place: 0 }
        expected.set(added, random(50))
        queue.push(added, expected.get(added)!)
      } else if (action === 2) {
        expected.set(entry, random(50))
        queue.change(entry, expected.get(entry)!)
      } else {
        expected.delete(entry)
        queue.remove(entry)
      }
      if (queue.due > Math.min(...expected.values())) t.fail('due must never be later than the soonest')
    }
    for (const [entry, expires] of expected) {
      if (queue.expires(entry) !== expires) t.fail('every entry keeps its own expiry')
    }
    const order = drain(queue)
    if (order.join() !== ascending(expected.values()).join()) t.fail(`round ${round}: ${order}`)
  }
  t.pass('200 rounds')
})
