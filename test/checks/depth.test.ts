import t from 'tap'
import { isDeeperThan, isTreeDeeperThan, tooDeep } from '../../lib/checks/depth.ts'

const objects = (levels: number, inner: unknown = 1) => {
  let value = inner
  for (let level = 0; level < levels; level++) value = { a: value }
  return value as Record<string, unknown>
}
const lists = (levels: number) => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value as unknown[]
}

t.test('objects and lists count as levels, and the value itself is the first', async (t) => {
  for (const value of [objects(3), lists(3), { a: [{ b: 1 }] }, [{ a: [] }], { x: 1, y: { z: {} } }]) {
    t.equal(isDeeperThan(value, 2), true)
    t.equal(isDeeperThan(value, 3), false)
  }
  t.equal(isDeeperThan({}, 1), false)
  t.equal(isDeeperThan({}, 0), true)
})

t.test('the check for trees gives the same answers', async (t) => {
  const trees = ['{"a":1}', '[]', '{"a":{"b":[1,{}]},"c":null}', '{"1":{"7":[[]]},"2":"x"}', '[[],[[1]],{}]']
  for (const text of trees) {
    const tree = JSON.parse(text)
    for (let levels = 0; levels < 6; levels++) {
      t.equal(isTreeDeeperThan(tree, levels), isDeeperThan(tree, levels), `${text}: ${levels} levels`)
    }
  }
  t.equal(isTreeDeeperThan({ at: new Date(0) }, 1), false, 'a Date is not a level')
  t.equal(isTreeDeeperThan(Object.create({ inherited: objects(9) }), 1), false, 'only own properties count')
  t.equal(isTreeDeeperThan(objects(200_000), 100), true)
})

t.test('the deepest place decides, in any position', async (t) => {
  const wide = { first: 1, second: null, third: [[], [1, 'x', [[]]]], last: {} }
  t.equal(isDeeperThan(wide, 5), false)
  t.equal(isDeeperThan(wide, 4), true)
  // biome-ignore lint/suspicious/noSparseArray: a gap does not count
  t.equal(isDeeperThan([, , [[]]], 2), true)
})

t.test('a Date is not a level, because it is text in JSON', async (t) => {
  t.equal(isDeeperThan(objects(3, new Date(0)), 3), false)
  t.equal(isDeeperThan(objects(3, [new Date(0)]), 3), true)
  t.equal(isDeeperThan(new Date(0), 0), false)
})

t.test('only own properties count', async (t) => {
  t.equal(isDeeperThan(Object.create({ inherited: objects(9) }), 1), false)
  t.equal(isDeeperThan(JSON.parse('{"__proto__":{"a":{}}}'), 2), true)
})

t.test('an object in many places is not walked for each of them', async (t) => {
  let reads = 0
  let value: object = Object.defineProperty({}, 'leaf', { enumerable: true, get: () => ++reads })
  for (let level = 0; level < 60; level++) value = { a: value, b: [value], c: value }
  t.equal(isDeeperThan(value, 100), true, 'the longest path through the lists counts')
  t.equal(isDeeperThan(value, 121), false)
  t.ok(reads < 200, `${reads} reads of the innermost object`)
})

t.test('named keys of a list count, because some serializers keep them', async (t) => {
  t.equal(isDeeperThan(Object.assign([1], { named: objects(3) }), 3), true)
})

t.test('data of any depth and cycles are refused without a stack overflow', async (t) => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  for (const value of [objects(200_000), lists(200_000), cycle]) t.equal(isDeeperThan(value, 100), true)
})

t.test('the message names the key that is nested too deeply, and no other key', async (t) => {
  const message = 'key "tree" is nested deeper than 100 levels'
  t.equal(tooDeep({ fine: objects(99), tree: objects(100) }, 100), message)
  t.equal(tooDeep({ tree: lists(200_000) }, 100), message)
  t.equal(tooDeep({ 'a "b"\n': objects(2) }, 2), 'key "a \\"b\\"\\n" is nested deeper than 2 levels')
})

t.test('the message calls a cycle a cycle, but not an object in two places', async (t) => {
  const what = 'holds a cycle: an object in it contains itself. Store an id there'
  const record: Record<string, unknown> = { fine: { a: [1] } }
  record.self = record
  t.equal(tooDeep(record, 100), `key "self" ${what}`)
  const list: unknown[] = [1, { a: 'x' }]
  list.push({ b: [list] })
  t.equal(tooDeep({ fine: { a: 1 }, list }, 100), `key "list" ${what}`)
  const shared = { a: 1 }
  t.equal(
    tooDeep({ tree: { shared, again: shared, tree: objects(100) } }, 100),
    'key "tree" is nested deeper than 100 levels'
  )
})
