import { inspect } from 'node:util'
import t from 'tap'
import { SessionSerializeError } from '../../lib/errors.ts'
import { datesIn } from '../../lib/serializers/json-data.ts'

/** An object from JSON.parse, where `__proto__` is an own key. */
const parsed = (text: string): object => JSON.parse(text)

const nested = (levels: number): Record<string, unknown> => {
  const record: Record<string, unknown> = {}
  let inner = record
  for (let level = 1; level < levels; level++) inner = inner.a = {}
  return record
}

t.test('data that JSON can keep are accepted, and only Dates need a note', async (t) => {
  const at = new Date(0)
  t.equal(datesIn({ a: 1, b: [null, 'x', { c: true }], d: undefined, text: at.toISOString() }), null)
  t.same(datesIn({ z: at, list: [1, at, { at }], 'a/b': at, '': at }), ['/z', '/list/1', '/list/2/at', '/a~1b', '/'])
  t.same(datesIn({ one: at, two: [at] }), ['/one', '/two/0'], 'one Date in two places')
  const day = Object.defineProperty(new Date(0), 'toJSON', { value: () => '1970-01-01' })
  t.equal(datesIn({ day }), null, 'a Date with its own toJSON() is stored as the result of toJSON()')
})

t.test('a shorter path after a longer one has no parts of the longer one', async (t) => {
  const deep = { a: { b: { c: [1, 2, { d: 1 }] } }, e: new Date(0), f: { g: [new Date(0)] } }
  t.same(datesIn(deep), ['/e', '/f/g/0'])
  t.throws(() => datesIn({ ...deep, h: 1n }), { message: /: key "h" holds/ })
})

t.test('data that JSON would drop or change are refused, and the message says why', async (t) => {
  class Money {
    toString() {
      return 'secret'
    }
    get [Symbol.toStringTag]() {
      return 'Money'
    }
  }
  const instance = (name: string) => `holds an instance of ${name}: convert it, or use a serializer that keeps it`
  const bytesRefused = "holds bytes: store text, such as `Buffer.from(bytes).toString('base64')`"
  const cases: [unknown, string][] = [
    [12345n, 'holds a BigInt: convert it to text'],
    [Object(12345n), instance('BigInt')],
    [() => 'secret', 'holds a function: a session keeps data only'],
    [class Secret {}, 'holds a function: a session keeps data only'],
    [Symbol('secret'), 'holds a symbol: a session keeps data only'],
    [Number.NaN, 'holds NaN: JSON has no such number, use null'],
    [Number.POSITIVE_INFINITY, 'holds Infinity: JSON has no such number, use null'],
    [Number.NEGATIVE_INFINITY, 'holds -Infinity: JSON has no such number, use null'],
    [new Date(Number.NaN), 'holds an invalid Date: use null'],
    [new Map([['secret', 1]]), instance('Map')],
    [new Set(['secret']), instance('Set')],
    [new WeakMap(), instance('WeakMap')],
    [Promise.resolve('secret'), instance('Promise')],
    [/secret/, instance('RegExp')],
    [new Error('secret'), instance('Error')],
    [Uint8Array.of(1), bytesRefused],
    [Buffer.from('secret'), bytesRefused],
    [new DataView(new ArrayBuffer(1)), bytesRefused],
    [new ArrayBuffer(1), bytesRefused],
    [new SharedArrayBuffer(1), bytesRefused],
    [new String('secret'), instance('String')],
    [Object.assign(new Date(0), { zone: 'secret' }), 'is a Date with keys of its own: store them beside it'],
    [new Headers(), instance('Headers')],
    [new Money(), instance('Money')],
    [{ [Symbol('secret')]: 1 }, 'has a symbol for a key: use text'],
    [Object.assign([1], { [Symbol('secret')]: 1 }), 'has a symbol for a key: use text'],
    ['secret'.match(/secret/), 'is an array with keys besides its elements: store them beside it']
  ]
  for (const [value, what] of cases) {
    const error = t.throws(() => datesIn({ fine: 1, bad: value }), {
      constructor: SessionSerializeError,
      code: 'FST_SESSION_SERIALIZE',
      message: `The session cannot be serialized: key "bad" ${what}`
    })
    t.notMatch(String(error), /secret|12345/)
  }
})

t.test('the message names the path of the key', async (t) => {
  const cases: [object, string][] = [
    [{ cart: { items: [1, 2, 3n] } }, 'key "cart.items[2]" holds a BigInt: convert it to text'],
    [{ list: [[{ a: 1 }, { b: [Symbol('x')] }]] }, 'key "list[0][1].b[0]" holds a symbol: a session keeps data only'],
    [{ a: { 'two words': { '"': 1n } } }, 'key "a.two words.\\"" holds a BigInt: convert it to text'],
    [{ 'line\nbreak': 1n }, 'key "line\\nbreak" holds a BigInt: convert it to text'],
    [{ list: [1, undefined] }, 'key "list[1]" holds undefined: in a list, use null'],
    // biome-ignore lint/suspicious/noSparseArray: JSON would write null there
    [{ list: [1, , 2] }, 'key "list[1]" holds undefined: in a list, use null'],
    [[1n], 'key "[0]" holds a BigInt: convert it to text'],
    [{ [Symbol('x')]: 1 }, 'the record has a symbol for a key: use text'],
    [new Map(), 'the record holds an instance of Map: convert it, or use a serializer that keeps it']
  ]
  for (const [data, detail] of cases) {
    t.throws(() => datesIn(data), { message: `The session cannot be serialized: ${detail}` })
  }
})

t.test('a record with toJSON() is refused, because the result of toJSON() would replace the record', async (t) => {
  t.throws(() => datesIn({ user: 'alice', toJSON: () => ({}) }), {
    message: 'The session cannot be serialized: key "toJSON" holds a function: a session keeps data only'
  })
})

t.test('a cycle is refused, and the message names the place where it closes', async (t) => {
  const refused = (data: object, detail: string) =>
    t.throws(() => datesIn(data), {
      code: 'FST_SESSION_SERIALIZE',
      message: `The session cannot be serialized: ${detail} to what contains it. Store an id there`
    })
  const circle: Record<string, unknown> = { a: { b: [] } }
  ;(circle.a as { b: unknown[] }).b.push(circle)
  refused(circle, 'key "a" holds a cycle: "a.b[0]" leads back')
  refused({ x: 1, circle }, 'key "circle" holds a cycle: "circle.a.b[0]" leads back')
  const record: Record<string, unknown> = {}
  record.self = record
  refused(record, 'key "self" holds a cycle: it leads back')
  const list: unknown[] = []
  list.push(1, list)
  refused({ list }, 'key "list" holds a cycle: "list[1]" leads back')
  const parent = { name: 'p', toJSON: () => ({ child }) }
  const child = { name: 'c', toJSON: () => ({ parent }) }
  refused({ parent }, 'key "parent" holds a cycle: "parent.child.parent" leads back')
})

t.test('a key that cannot be read is named, and the cause has no text of the thrown error', async (t) => {
  const throwing = () => {
    throw Object.assign(new RangeError('secret'), { code: 'E_SECRET' })
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const list = Proxy.revocable([], {})
  list.revoke()
  const cases: [object, string][] = [
    [{ a: Object.defineProperty({}, 'b', { get: throwing, enumerable: true }) }, 'a.b'],
    [{ x: { y: 1 }, a: [0, Object.defineProperty({}, 'b', { get: throwing, enumerable: true })] }, 'a[1].b'],
    [{ a: [{ toJSON: throwing }] }, 'a[0]'],
    [{ a: Object.defineProperty({}, 'toJSON', { get: throwing }) }, 'a'],
    [{ a: { b: proxy } }, 'a.b'],
    [{ deep: { deeper: { deepest: 1 } }, a: list.proxy }, 'a'],
    [{ a: new Proxy({}, { ownKeys: throwing }) }, 'a'],
    [{ a: new Proxy({}, { getPrototypeOf: throwing }) }, 'a'],
    [Object.defineProperty({}, 'a', { get: throwing, enumerable: true }), 'a']
  ]
  for (const [data, key] of cases) {
    const error = t.throws(() => datesIn(data), {
      code: 'FST_SESSION_SERIALIZE',
      message: `The session cannot be serialized: key "${key}" cannot be read: a getter, a toJSON() or a Proxy in it throws`
    }) as Error
    t.type(error.cause, Error)
    t.notMatch(inspect(error), /: secret/)
  }
  const error = t.throws(() => datesIn({ a: { toJSON: throwing } })) as Error
  t.match(error.cause, { name: 'RangeError', code: 'E_SECRET', stack: /json-data\.test/ })
})

t.test('a record has at most 100 levels', async (t) => {
  t.equal(datesIn(nested(100)), null)
  t.throws(() => datesIn(nested(101)), {
    message: `The session cannot be serialized: key "${Array(100).fill('a').join('.')}" is nested deeper than 100 levels: store less nested data`
  })
  t.throws(() => datesIn(nested(100_000)), { code: 'FST_SESSION_SERIALIZE' })
  const endless = (): object => ({ toJSON: () => ({ next: endless() }) })
  t.throws(() => datesIn({ a: endless() }), { message: /is nested deeper than 100 levels: store less nested data$/ })
})

t.test('data that loading would remove are refused', async (t) => {
  const what = 'could write through a prototype, and would be removed when it is loaded: use another key'
  const cases = [
    ['{"a":{"__proto__":{"x":1}}}', 'a.__proto__'],
    ['{"a":{"__proto__":null}}', 'a.__proto__'],
    ['{"a":[{"constructor":{"prototype":{"x":1}}}]}', 'a[0].constructor'],
    ['{"__proto__":{"__proto__":1}}', '__proto__.__proto__'],
    ['{"constructor":{"constructor":{"prototype":1}}}', 'constructor.constructor']
  ] as const
  for (const [text, key] of cases) {
    t.throws(() => datesIn(parsed(text)), { message: `The session cannot be serialized: key "${key}" ${what}` })
  }
  t.equal(
    datesIn(parsed('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}')),
    null,
    'at the top level both keys are kept'
  )
  const converted = { constructor: { toJSON: () => ({ prototype: 1 }) } }
  t.throws(() => datesIn({ a: converted }), {
    message: `The session cannot be serialized: key "a.constructor" ${what}`
  })
})

t.test('the result of toJSON() is checked as well', async (t) => {
  const as = (value: unknown) => ({ toJSON: () => value })
  const refused: [unknown, string][] = [
    [as(1n), 'key "a" holds a BigInt: convert it to text'],
    [as({ b: [Number.NaN] }), 'key "a.b[0]" holds NaN: JSON has no such number, use null'],
    [[as(undefined)], 'key "a[0]" holds undefined: in a list, use null'],
    [as(new Map()), 'key "a" holds an instance of Map: convert it, or use a serializer that keeps it'],
    [as(as(1)), 'key "a.toJSON" holds a function: a session keeps data only'],
    // JSON.stringify() calls toJSON() once, so it would store an empty object here.
    [as(new Date(0)), 'key "a" holds an instance of Date: convert it, or use a serializer that keeps it']
  ]
  for (const [value, detail] of refused) {
    t.throws(() => datesIn({ a: value }), { message: `The session cannot be serialized: ${detail}` })
  }
  t.equal(datesIn({ a: as(undefined), b: as(null), c: as([1]), url: new URL('http://localhost') }), null)
})

t.test('toJSON() is called once, with the key that JSON.stringify() would pass', async (t) => {
  const keys: unknown[] = []
  const noting = { toJSON: (key: unknown) => keys.push(key) }
  datesIn({ a: noting, list: [0, noting], '': noting })
  t.strictSame(keys, ['a', '1', ''])
})

t.test('an object in two places is not a cycle, even if its toJSON() runs twice', async (t) => {
  const shared = { a: 1 }
  const converted = { toJSON: () => shared }
  t.equal(datesIn({ one: shared, two: [shared, { shared }], three: converted, four: [converted] }), null)
})

t.test('the data are not changed, even if they are refused', async (t) => {
  const data = { at: new Date(0), list: [{ a: undefined }] }
  datesIn(Object.freeze(data))
  t.strictSame(data, { at: new Date(0), list: [{ a: undefined }] })
  t.throws(() => datesIn(Object.freeze({ a: Object.freeze([1n]) })), { code: 'FST_SESSION_SERIALIZE' })
})
