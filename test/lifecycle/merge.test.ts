import fc from 'fast-check'
import t from 'tap'
import { merge } from '../../lib/lifecycle/merge.ts'
import type { Data } from '../../lib/record/record.ts'

t.test('a key that one side changed is taken from this side', async (t) => {
  const base = { a: 1, b: 1, c: 1 }
  t.same(merge(base, { ...base, a: 2 }, { ...base, b: 2 }), { data: { a: 2, b: 2, c: 1 }, conflicts: [] })
  t.same(merge(base, { b: 1, c: 1 }, { ...base, b: 2 }), { data: { b: 2, c: 1 }, conflicts: [] }, 'deleted here')
  t.same(merge(base, { ...base, a: 2 }, { a: 1, c: 1 }), { data: { a: 2, c: 1 }, conflicts: [] }, 'deleted there')
  t.same(merge(base, { ...base, x: 1 }, { ...base, y: 1 }), { data: { a: 1, b: 1, c: 1, y: 1, x: 1 }, conflicts: [] })
})

t.test('the same change on both sides is not a conflict', async (t) => {
  t.same(merge({ a: 1 }, { a: { n: 1 } }, { a: { n: 1 } }), { data: { a: { n: 1 } }, conflicts: [] })
  t.same(merge({ a: 1 }, {}, {}), { data: {}, conflicts: [] })
})

t.test('a key that both sides changed differently is ours, and a conflict', async (t) => {
  t.same(merge({ a: 1 }, { a: 2 }, { a: 3 }), { data: { a: 2 }, conflicts: ['a'] })
  t.same(merge({ a: 1 }, {}, { a: 3 }), { data: {}, conflicts: ['a'] })
  t.same(merge({ a: 1 }, { a: 2 }, {}), { data: { a: 2 }, conflicts: ['a'] })
  t.same(merge({}, { a: 2 }, { a: 3 }), { data: { a: 2 }, conflicts: ['a'] })
})

t.test('only the keys in mergeableKeys come from the other side', async (t) => {
  const base = { cart: 1, user: 'alice' }
  const theirs = { cart: 2, user: 'alice', secret: 1 }
  t.same(merge(base, { cart: 1 }, theirs, new Set(['cart'])), { data: { cart: 2 }, conflicts: [] })
  t.same(merge(base, {}, theirs, new Set()), { data: {}, conflicts: [] })
  t.same(merge(base, { user: 'alice' }, { ...theirs, user: 'bob' }, new Set()), {
    data: { user: 'alice' },
    conflicts: []
  })
})

const data = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor', 'id'),
  fc.jsonValue({ maxDepth: 2 })
)
/** Two sides that change different keys. */
const disjoint = fc.tuple(data, data, fc.func(fc.boolean())).map(([one, other, mine]) => {
  const pick = (from: Data, wanted: boolean) =>
    Object.fromEntries(Object.entries(from).filter(([key]) => mine(key) === wanted))
  return { base: {}, ours: pick(one, true), theirs: pick(other, false) }
})

const sorted = (value: Data) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))

t.test('without changes the data stay the same', async (t) => {
  fc.assert(
    fc.property(data, (base) => {
      t.strictSame(sorted(merge(base, base, base).data), sorted(base))
    })
  )
})

t.test('a change of one side wins, on either side', async (t) => {
  fc.assert(
    fc.property(data, data, (base, changed) => {
      for (const { data: merged, conflicts } of [merge(base, changed, base), merge(base, base, changed)]) {
        t.strictSame(sorted(merged), sorted(changed))
        t.same(conflicts, [])
      }
    })
  )
})

t.test('changes of different keys commute', async (t) => {
  fc.assert(
    fc.property(disjoint, ({ base, ours, theirs }) => {
      const one = merge(base, ours, theirs)
      const other = merge(base, theirs, ours)
      t.strictSame(sorted(one.data), sorted(other.data))
      t.same([...one.conflicts, ...other.conflicts], [])
    })
  )
})

t.test('a deletion stays deleted, unless the other side changed the key', async (t) => {
  fc.assert(
    fc.property(data, (base) => {
      t.same(merge(base, {}, base), { data: {}, conflicts: [] })
      t.same(merge(base, base, {}), { data: {}, conflicts: [] })
    })
  )
})

t.test('keys such as __proto__ are ordinary keys', async (t) => {
  const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
  for (const { data: merged } of [merge({}, hostile, {}), merge({}, {}, hostile), merge(hostile, hostile, hostile)]) {
    t.equal(Object.getPrototypeOf(merged), Object.prototype)
    t.same(Object.keys(merged).sort(), ['__proto__', 'constructor'])
  }
  t.equal(({} as { polluted?: number }).polluted, undefined)
})
