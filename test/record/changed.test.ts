import fc from 'fast-check'
import t from 'tap'
import type { RecordMetadata } from '../../lib/metadata.ts'
import { Changes, hasSameValues, isAsLoaded, isSamePlain, snapshotOf } from '../../lib/record/changed.ts'
import { RecordCodec } from '../../lib/record/codec.ts'
import type { Data, RecordForm } from '../../lib/record/record.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'

const AT = 1_700_000_000
const metadata = { lifetime: 60, created: AT - 10.5, last_access: AT - 5 }
const json = new JsonSerializer()
const codec = new RecordCodec(json, 'session')
const changes = new Changes(codec)
const storedAs = (record: RecordForm, its: RecordMetadata = metadata, snapshot?: Data) => ({
  id: 'id',
  bytes: Buffer.from(record),
  record,
  metadata: its,
  snapshot
})

/** Adds a check to each record, and counts what it reads. */
class Checked extends JsonSerializer {
  parsed = 0

  override serialize(value: object): Uint8Array {
    return Buffer.concat([super.serialize(value), Buffer.from(`/${Object.keys(value).length}`)])
  }

  override deserialize(bytes: Uint8Array): Record<string, unknown> {
    this.parsed++
    return super.deserialize(bytes.subarray(0, Buffer.from(bytes).lastIndexOf('/')))
  }
}

t.test('another spelling of the same data is not a change', async (t) => {
  const record =
    '{"user": "alic\\u00e9", "n": 1.0, "__metadata__": {"lifetime": 3600, "created": 1699999000.123456, "last_access": 1}}'
  const its = { lifetime: 3600, created: 1699999000.123456, last_access: 1 }
  for (const snapshot of [undefined, { user: 'alicé', n: 1 }]) {
    const stored = storedAs(record, its, snapshot)
    t.equal(changes.bodyIfChanged({ user: 'alicé', n: 1 }, stored), undefined)
    t.match(changes.bodyIfChanged({ user: 'alicé', n: 2 }, stored), { form: '{"user":"alicé","n":2}' })
    t.match(changes.bodyIfChanged({ user: 'alicé' }, stored), { form: '{"user":"alicé"}' })
  }
})

t.test('metadata in the spelling of another program do not make the data look changed', async (t) => {
  const record = '{"a":1,"__metadata__":{"lifetime":60, "created":1699999989.50,"last_access":1699999995}}'
  t.equal(changes.bodyIfChanged({ a: 1 }, storedAs(record)), undefined)
  t.match(changes.bodyIfChanged({ a: 2 }, storedAs(record)), { form: '{"a":2}' })
})

t.test('data whose text begins as the record does are a change', async (t) => {
  const stored = storedAs(codec.recordOf({ a: 1, b: 2 }, metadata))
  t.match(changes.bodyIfChanged({ a: 1 }, stored), { form: '{"a":1}' })
  t.match(changes.bodyIfChanged({}, stored), { form: '{}' })
  const odd = storedAs(
    '{"a":1,"__metadata":0,"__metadata__":{"lifetime":60,"created":1699999989.5,"last_access":1699999995}}'
  )
  t.match(changes.bodyIfChanged({ a: 1 }, odd), { form: '{"a":1}' })
})

t.test('the place of the Dates counts, even if the text is the same', async (t) => {
  const at = new Date(1_000)
  const iso = at.toISOString()
  for (const snapshot of [undefined, { since: at }]) {
    const stored = storedAs(codec.recordOf({ since: at }, metadata), metadata, snapshot)
    t.equal(changes.bodyIfChanged({ since: new Date(1_000) }, stored), undefined)
    t.strictSame(changes.bodyIfChanged({ since: iso }, stored)?.dates, null)
  }
  const spaced = storedAs(`{"since": "${iso}", "__metadata__": {"lifetime": 60, "created": 1, "last_access": 1}}`)
  t.equal(changes.bodyIfChanged({ since: iso }, spaced), undefined)
  t.strictSame(changes.bodyIfChanged({ since: at }, spaced)?.dates, ['/since'])
})

t.test('with a snapshot, a record of another spelling is never parsed again', async (t) => {
  const notJson = storedAs('this is never parsed', metadata, { a: 1 })
  t.equal(changes.bodyIfChanged({ a: 1 }, notJson), undefined)
  t.match(changes.bodyIfChanged({ a: 2 }, notJson), { form: '{"a":2}' })
})

t.test('data that are equal in the record, but not in the snapshot, are no change', async (t) => {
  const stored = storedAs(codec.recordOf({ a: 0 }, metadata), metadata, { a: 0 })
  t.equal(changes.bodyIfChanged({ a: -0 }, stored), undefined)
})

t.test('the output of another serializer is compared with its record', async (t) => {
  const serializer = new Checked()
  const checked = new RecordCodec(serializer, 'session')
  const own = new Changes(checked)
  for (const snapshot of [undefined, { a: 1 }]) {
    const stored = storedAs(checked.recordOf({ a: 1 }, metadata), metadata, snapshot)
    t.equal(own.bodyIfChanged({ a: 1 }, stored), undefined)
    t.strictSame(own.bodyIfChanged({ a: 2 }, stored)?.form, checked.recordOf({ a: 2 }, metadata))
  }
  serializer.parsed = 0
  const spaced = Buffer.from(`{"a": 1.0, "__metadata__": ${JSON.stringify(metadata)}}/2 `)
  t.equal(own.bodyIfChanged({ a: 1 }, storedAs(spaced)), undefined)
  t.equal(serializer.parsed, 1)
  t.strictSame(own.bodyIfChanged({ a: 2 }, storedAs(spaced))?.form, checked.recordOf({ a: 2 }, metadata))
})

t.test('a record that this library wrote is compared without parsing it again', async (t) => {
  let parsed = 0
  const deserialize = (bytes: Uint8Array) => {
    parsed++
    return json.deserialize(bytes)
  }
  const counting = new RecordCodec({ serialize: json.serialize, deserialize }, 'session')
  const stored = storedAs(counting.recordOf({ a: 1 }, metadata))
  t.equal(new Changes(counting).bodyIfChanged({ a: 1 }, stored), undefined)
  t.strictSame(new Changes(counting).bodyIfChanged({ a: 2 }, stored)?.form, counting.recordOf({ a: 2 }, metadata))
  t.equal(parsed, 0)
})

t.test('a body completed with other metadata equals a newly serialized record', async (t) => {
  const other = { lifetime: 90, created: AT - 10.5, last_access: AT, rev: 'r', ünknown: { __metadata__: metadata } }
  const keys = fc.oneof(fc.string(), fc.constantFrom('__metadata', 'rev', '}', ','))
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), fc.constantFrom(metadata, other), (values, from) => {
      // Below the first level these keys are refused.
      const inner = JSON.stringify(Object.values(values))
      fc.pre(!inner.includes('"__proto__"') && !inner.includes('"constructor"'))
      const body = codec.bodyOf(values, from)
      const data = codec.restore(codec.complete(body, from))
      t.strictSame(data, codec.dataOf(body))
      for (const to of [metadata, other]) {
        const record = codec.complete(body, to)
        t.equal(record, codec.recordOf(data, to))
        t.equal(record, String(json.serialize({ ...data, __metadata__: to })))
      }
    })
  )
})

t.test('the records of another serializer can have other metadata, too', async (t) => {
  const data = { a: 1, __metadata: { b: '"__metadata__":{}' } }
  const to = { ...metadata, rev: 'r' }
  const checked = new RecordCodec(new Checked(), 'session')
  const body = checked.bodyOf(data, metadata)
  t.strictSame(checked.complete(body, to), checked.recordOf(data, to))
  t.strictSame(checked.dataOf(body), data)
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

t.test('a session is compared with its snapshot by its own properties', async (t) => {
  class Held {
    get member() {
      return 1
    }
  }
  const held = (data: object) => Object.assign(new Held(), data)
  const snapshot = { a: 1, list: [{ b: 2 }] }
  t.equal(isAsLoaded(held({ list: [{ b: 2 }], a: 1 }), snapshot), true)
  t.equal(isAsLoaded(held({ a: 1, list: [{ b: 3 }] }), snapshot), false)
  t.equal(isAsLoaded(held({ a: 1 }), snapshot), false)
  t.equal(isAsLoaded(held({ ...snapshot, more: 1 }), snapshot), false)
  t.equal(isAsLoaded(held({ ...snapshot, [Symbol('s')]: 1 }), snapshot), false)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.equal(isAsLoaded(held({ ...snapshot, list: proxy }), snapshot), false, 'data that cannot be read are a change')
})
