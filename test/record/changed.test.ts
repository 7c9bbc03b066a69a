import fc from 'fast-check'
import t from 'tap'
import type { RecordMetadata } from '../../lib/metadata.ts'
import { Changes, hasSameValues, isSamePlain, snapshotOf } from '../../lib/record/changed.ts'
import { RecordCodec } from '../../lib/record/codec.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'

const AT = 1_700_000_000
const metadata = { lifetime: 60, created: AT - 10.5, last_access: AT - 5 }
const codec = new RecordCodec(new JsonSerializer(), 'session')
const changes = new Changes(codec)
const storedAs = (record: Uint8Array, its: RecordMetadata = metadata) => ({
  id: 'id',
  bytes: record,
  record,
  metadata: its
})

t.test('another spelling of the same data is not a change', async (t) => {
  const record = Buffer.from(
    '{"user": "alic\\u00e9", "n": 1.0, "__metadata__": {"lifetime": 3600, "created": 1699999000.123456, "last_access": 1}}'
  )
  const stored = storedAs(record, { lifetime: 3600, created: 1699999000.123456, last_access: 1 })
  t.equal(changes.recordOf({ user: 'alicé', n: 1 }, stored), record)
  t.not(changes.recordOf({ user: 'alicé', n: 2 }, stored), record)
  t.not(changes.recordOf({ user: 'alicé' }, stored), record)
})

t.test('a record that this library wrote is compared without parsing it again', async (t) => {
  let parsed = 0
  const json = new JsonSerializer()
  const deserialize = (bytes: Uint8Array) => {
    parsed++
    return json.deserialize(bytes)
  }
  const counting = new RecordCodec({ serialize: json.serialize, deserialize }, 'session')
  const stored = storedAs(counting.serialize({ a: 1 }, metadata))
  t.equal(new Changes(counting).recordOf({ a: 1 }, stored), stored.record)
  t.not(new Changes(counting).recordOf({ a: 2 }, stored), stored.record)
  t.equal(parsed, 0)
})

t.test('a record with replaced metadata equals a newly serialized record', async (t) => {
  const other = { lifetime: 90, created: AT - 10.5, last_access: AT, rev: 'r', ünknown: { __metadata__: metadata } }
  const keys = fc.oneof(fc.string(), fc.constantFrom('__metadata', 'rev', '}', ','))
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), fc.constantFrom(metadata, other), (values, from) => {
      // Below the first level these keys are refused.
      const inner = JSON.stringify(Object.values(values))
      fc.pre(!inner.includes('"__proto__"') && !inner.includes('"constructor"'))
      const record = codec.serialize(values, from)
      const data = codec.restore(record)
      for (const to of [metadata, other]) {
        t.strictSame(changes.withMetadata(record, data, from, to), codec.serialize(data, to))
      }
    })
  )
})

t.test('replacing metadata works with each spelling of the record and each serializer', async (t) => {
  const data = { a: 1, __metadata: { b: '"__metadata__":{}' } }
  const to = { ...metadata, rev: 'r' }
  const own = Buffer.from(JSON.stringify({ ...data, __metadata__: metadata }))
  const spaced = Buffer.from(JSON.stringify({ ...data, __metadata__: metadata }, null, 1))
  const first = Buffer.from(JSON.stringify({ __metadata__: metadata, ...data }))
  for (const record of [own, spaced, first]) {
    t.strictSame(changes.withMetadata(record, data, metadata, to), codec.serialize(data, to))
  }
  class Checked extends JsonSerializer {
    override serialize(value: object): Uint8Array {
      return Buffer.concat([super.serialize(value), Buffer.from(`/${Object.keys(value).length}`)])
    }
  }
  const checked = new RecordCodec(new Checked(), 'session')
  t.strictSame(
    new Changes(checked).withMetadata(checked.serialize(data, metadata), data, metadata, to),
    checked.serialize(data, to)
  )
})

// biome-ignore lint/suspicious/noExplicitAny: the tests change anything, anywhere
type Loose = any

const copyOf = (value: object, levels = 100) => snapshotOf(value, levels)

const anything = () =>
  fc.object({ maxDepth: 4, withSparseArray: true, withDate: true, withMap: true, withObjectString: true })

t.test('a copy equals its data and shares no object with them', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const text = JSON.stringify(data)
      const record: object = JSON.parse(text)
      const copied = copyOf(record)
      if (copied === undefined) return text.includes('__proto__')
      return JSON.stringify(copied) === text && isSamePlain(record, copied) && !shares(record, copied)
    })
  )
})

t.test('data that count as the same are written as the same JSON', async (t) => {
  fc.assert(
    fc.property(anything(), anything(), (one, other) => {
      for (const [value, from] of [
        [one, one],
        [one, other]
      ]) {
        const copied = copyOf(from!)
        if (copied !== undefined && isSamePlain(value, copied)) {
          t.equal(sorted(value), sorted(from))
        }
      }
    })
  )
})

t.test('data with any other kind of value are not copied', async (t) => {
  class Point {
    x = 1
  }
  for (const value of [new Map(), new Point(), Buffer.from('a'), Object.create(null) as object]) {
    t.equal(copyOf(value), undefined)
    t.equal(copyOf({ a: { b: value } }), undefined)
    t.equal(copyOf({ a: [value] }), undefined)
  }
  t.equal(copyOf(JSON.parse('{"a": {"__proto__": {"b": 1}}}')), undefined)
})

t.test('each kind of change is found', async (t) => {
  const changed = (from: object, change: (value: Loose) => void): boolean => {
    const value = structuredClone(from)
    const copied = copyOf(from)
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

t.test('a list with gaps is not copied, and a list with extra keys is never the same', async (t) => {
  const gap = [1]
  gap.length = 2
  const both = Object.assign([1], { more: 1 })
  both.length = 2
  for (const list of [gap, both, [undefined]]) {
    t.equal(copyOf(list), undefined)
    t.equal(copyOf({ a: [list] }), undefined)
  }
  const named = Object.assign([1], { more: 1 })
  t.equal(isSamePlain(named, copyOf(named)), false)
})

t.test('a Date is copied, and is the same if its time is equal and it has no other keys', async (t) => {
  const from = { at: new Date(5), list: [new Date(Number.NaN)] }
  const copied = copyOf(from)
  t.equal(isSamePlain(from, copied), true)
  from.at.setTime(6)
  t.equal(isSamePlain(from, copied), false)
  class Day extends Date {}
  for (const at of [Object.assign(new Date(5), { zone: 'UTC' }), new Day(5), 5, {}, Object.create(Date.prototype)]) {
    t.equal(isSamePlain({ ...from, at }, copied), false)
  }
  t.equal(isSamePlain({ at: new Date(0) }, copyOf({ at: {} })), false)
  t.equal(copyOf({ at: new Day(5) }), undefined)
  t.equal(copyOf({ at: Object.create(Date.prototype) }), undefined)
})

t.test('data that are nested too deeply are not copied, and a Date is not a level', async (t) => {
  const nested = { a: { b: [1, new Date(0)] } }
  t.same(copyOf(nested, 3), nested)
  t.equal(copyOf(nested, 2), undefined)
})

t.test('data that cannot be read are not the same', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const fail = () => {
    throw new Error('a getter')
  }
  const thrower = Object.defineProperty({}, 'a', { enumerable: true, get: fail })
  for (const inner of [proxy, thrower]) t.equal(isSamePlain({ inner }, copyOf({ inner: { a: 1 } })), false)
})

t.test('inherited properties are not copied and do not count as a difference', async (t) => {
  const from = { a: 1, map: { b: 2 } }
  const before = copyOf(from)
  Object.assign(Object.prototype, { b: 2 })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'b'))
  t.equal(isSamePlain(from, before), true)
  t.equal(Object.hasOwn(copyOf({}) as object, 'b'), false)
  t.equal(isSamePlain({ a: 1, map: {} }, before), false)
})

t.test('the order of the keys does not matter', async (t) => {
  t.equal(isSamePlain({ a: 1, b: 2 }, copyOf({ b: 2, a: 1 })), true)
})

function shares(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return false
  return one === other || Object.keys(one).some((key) => shares((one as Loose)[key], (other as Loose)[key]))
}

/** The JSON of a value, with sorted keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )
}

t.test('data with one object in very many places are not copied', async (t) => {
  let value: object = { leaf: 1 }
  for (let level = 0; level < 90; level++) value = { a: value, b: value }
  t.equal(copyOf(value), undefined)
  t.same(copyOf({ again: 1 }), { again: 1 }, 'the limit starts again with the next copy')
})

t.test('data with a thousand values are copied, and data with more are not', async (t) => {
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, index]))
  const list = (count: number) => ({ list: Array.from({ length: count - 1 }, (_, index) => index) })
  const lists = (count: number) => ({ rows: Array.from({ length: (count - 1) / 3 }, () => ['a', null]) })
  const objects = (count: number) => ({ rows: Array.from({ length: (count - 1) / 3 }, () => ({ a: 1, b: 2 })) })
  for (const make of [keys, list, lists, objects]) {
    t.same(copyOf(make(1_000)), make(1_000))
    t.equal(copyOf(make(1_003)), undefined)
  }
})

t.test('the quick comparison sees keys and values, but not inside values', async (t) => {
  const list = [1]
  t.equal(hasSameValues({ list, a: 1 }, { a: 1, list }), true)
  t.equal(hasSameValues({ list }, { list: [1] }), false)
  t.equal(hasSameValues({ a: 1 }, { a: 1, b: 2 }), false)
  t.equal(hasSameValues({ a: 1, b: 2 }, { a: 1 }), false)
  list.push(2)
  t.equal(hasSameValues({ list }, { list }), true)
})
