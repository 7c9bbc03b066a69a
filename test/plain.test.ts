import fc from 'fast-check'
import t from 'tap'
import { copyPlain, isSamePlain } from '../lib/plain.ts'

// biome-ignore lint/suspicious/noExplicitAny: the tests change anything, anywhere
type Loose = any

const anything = () =>
  fc.object({ maxDepth: 4, withSparseArray: true, withDate: true, withMap: true, withObjectString: true })

t.test('a copy is the same, and shares nothing that could be changed', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const text = JSON.stringify(data)
      const record: object = JSON.parse(text)
      const copied = copyPlain(record)
      if (copied === undefined) return text.includes('__proto__')
      return JSON.stringify(copied) === text && isSamePlain(record, copied) && !shares(record, copied)
    })
  )
})

t.test('what is the same is written as the same JSON, whatever it is', async (t) => {
  fc.assert(
    fc.property(anything(), anything(), (one, other) => {
      for (const [value, from] of [
        [one, one],
        [one, other]
      ]) {
        const copied = copyPlain(from!)
        if (copied !== undefined && isSamePlain(value, copied)) {
          t.equal(sorted(value), sorted(from))
        }
      }
    })
  )
})

t.test('what has anything else in it is not copied', async (t) => {
  class Point {
    x = 1
  }
  for (const value of [new Date(0), new Map(), new Point(), Buffer.from('a'), Object.create(null) as object]) {
    t.equal(copyPlain(value), undefined)
    t.equal(copyPlain({ a: { b: value } }), undefined)
    t.equal(copyPlain({ a: [value] }), undefined)
  }
  t.equal(copyPlain(JSON.parse('{"a": {"__proto__": {"b": 1}}}')), undefined)
})

t.test('every change is one', async (t) => {
  const changed = (from: object, change: (value: Loose) => void): boolean => {
    const value = structuredClone(from)
    const copied = copyPlain(from)
    t.equal(isSamePlain(value, copied), true)
    change(value)
    return !isSamePlain(value, copied)
  }
  const from = { text: 'a', zero: 0, none: null, absent: undefined, list: [1, { deep: true }], map: { key: 1 } }
  const changes: ((value: Loose) => void)[] = [
    (value) => void (value.text = 'b'),
    (value) => void (value.zero = -0),
    (value) => void (value.zero = Number.NaN),
    (value) => void (value.none = undefined),
    (value) => void (value.none = {}),
    (value) => void (value.map = null),
    (value) => void (value.map = 'key'),
    (value) => void (value.map = [1]),
    (value) => void (value.map = new Map()),
    (value) => void (value.map = Object.assign(Object.create({ toJSON: () => 1 }), { key: 1 })),
    (value) => void (value.map.more = 1),
    (value) => void delete value.map.key,
    (value) => void (value.map[Symbol('s')] = 1),
    (value) => void (value.list[1].deep = false),
    (value) => void value.list.push(2),
    (value) => void (value.list.length = 1),
    (value) => void delete value.list[0],
    (value) => void (value.list.more = 1),
    (value) => void (value.list[Symbol('s')] = 1),
    (value) => void (value.list = { 0: 1, 1: { deep: true }, length: 2 }),
    (value) => void (value.list = new Set([1])),
    (value) => {
      delete value.absent
      value.other = undefined
    },
    (value) => {
      delete value.text
      value.other = 'a'
    }
  ]
  for (const change of changes) t.equal(changed(from, change), true, String(change))
})

t.test('a list with gaps, or with keys besides its elements, is not copied', async (t) => {
  const gap = [1]
  gap.length = 2
  const named = Object.assign([1], { more: 1 })
  const both = Object.assign([1], { more: 1 })
  both.length = 2
  for (const list of [gap, named, both, [undefined]]) {
    t.equal(copyPlain(list), undefined)
    t.equal(copyPlain({ a: [list] }), undefined)
  }
})

t.test('the order of the keys says nothing', async (t) => {
  t.equal(isSamePlain({ a: 1, b: 2 }, copyPlain({ b: 2, a: 1 })), true)
})

function shares(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return false
  return one === other || Object.keys(one).some((key) => shares((one as Loose)[key], (other as Loose)[key]))
}

/** As JSON, with the keys in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )
}
