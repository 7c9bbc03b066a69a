import { inspect } from 'node:util'
import v8 from 'node:v8'
import fc from 'fast-check'
import t from 'tap'
import { Changes } from '../../lib/record/changed.ts'
import { RecordCodec } from '../../lib/record/codec.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'
import type { Serializer } from '../../types/serializer.ts'

const AT = 1_700_000_000
const codec = new RecordCodec(new JsonSerializer(), 'session')
const parse = (record: string, at = AT) => codec.parse(Buffer.from(record), at)
const metadata = { lifetime: 60, created: AT - 10.5, last_access: AT - 5 }
const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`

t.test('a record has the data first and the metadata last', async (t) => {
  const text = String(codec.recordOf({ user: 'alice' }, metadata))
  t.match(
    text,
    /^\{"user":"alice","__metadata__":\{"lifetime":60,"created":1699999989\.5,"last_access":1699999995\}\}$/
  )
})

t.test('a record of Python is read, with any spacing', async (t) => {
  const record = Buffer.from(
    '{"user": "alic\\u00e9", "n": 1.0, "__metadata__": {"lifetime": 3600, "created": 1699999000.123456, "last_access": 1699999100, "extra": [1]}}'
  )
  const parsed = codec.parse(record, AT)
  t.match(parsed, { ok: true, data: { user: 'alicé', n: 1 } })
  if (!parsed.ok) return
  t.same(parsed.metadata, { lifetime: 3600, created: 1699999000.123456, last_access: 1699999100, extra: [1] })
})

t.test('a large record has no snapshot, and its depth is checked all the same', async (t) => {
  const text = 'x'.repeat(300_000)
  const record = codec.recordOf({ text, list: [1] }, metadata)
  const large = codec.parse(Buffer.from(record), AT)
  t.strictSame(large, { ok: true, record, data: { text, list: [1] }, snapshot: undefined, metadata })
  t.same(parse(`{"text":"${text}","deep":${nested(100)}}`), { ok: false, reason: 'too-deep' })
  t.match(parse(`{"text":"${text}","deep":${nested(99)}}`), { ok: true })
})

t.test('an object that another serializer keeps is not changed', async (t) => {
  const kept = Object.freeze({ a: 1, __metadata__: metadata })
  const keeping = new RecordCodec({ serialize: () => Buffer.from('x'), deserialize: () => kept }, 'session')
  t.match(keeping.parse(Buffer.from('x'), AT), { ok: true, data: { a: 1 } })
  t.same(Object.keys(kept), ['a', '__metadata__'])
})

t.test('the lifetime of a record without metadata starts now', async (t) => {
  t.match(parse('{"user":"alice"}'), { ok: true, metadata: { created: AT, last_access: AT } })
})

t.test('bytes that are not a record give a reason, not an exception', async (t) => {
  const cases: [string, string][] = [
    ['', 'unparsable'],
    ['{', 'unparsable'],
    ['{"a":NaN}', 'unparsable'],
    ['{"a":1e999}', 'unparsable'],
    ['[1]', 'not-an-object'],
    ['"x"', 'not-an-object'],
    ['null', 'not-an-object'],
    ['1', 'not-an-object'],
    [nested(101), 'too-deep'],
    [nested(5000), 'too-deep'],
    [nested(100_000), 'too-deep'],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'too-deep'],
    [`{"__metadata__":${nested(100)}}`, 'too-deep'],
    ['{"__metadata__":null}', 'bad-metadata'],
    ['{"__metadata__":{}}', 'bad-metadata'],
    ['{"__metadata__":[]}', 'bad-metadata'],
    ['{"__metadata__":{"created":"1","last_access":1}}', 'bad-metadata'],
    ['{"__metadata__":{"created":1,"last_access":1,"cookie":{"maxAge":"1; x"}}}', 'bad-metadata'],
    ['{"__metadata__":{"created":1,"last_access":1,"name":1}}', 'bad-metadata'],
    ['{"__metadata__":{"created":1,"last_access":1,"name":"admin"}}', 'other-cookie'],
    ['{"__metadata__":{"created":1,"last_access":1,"lifetime":"9","name":"admin"}}', 'other-cookie'],
    ['{"__metadata__":{"created":1,"last_access":1,"lifetime":-9,"name":"admin"}}', 'other-cookie'],
    ['{"__metadata__":{"created":1,"last_access":1,"name":"admin","rotated":["x"]}}', 'other-cookie']
  ]
  for (const [record, reason] of cases) t.same(parse(record), { ok: false, reason }, record.slice(0, 70))
  t.match(parse(nested(100)), { ok: true })
  t.match(parse('{"__metadata__":{"created":1,"last_access":1,"name":"session"}}'), { ok: true })
  t.match(parse('{"__metadata__":{"created":1,"last_access":1,"limit":{"lifetime":9,"from":1}}}'), { ok: true })
})

t.test('an unusable record of another cookie still gives its lifetime', async (t) => {
  const record = '{"__metadata__":{"created":1,"last_access":1,"lifetime":9,"name":"admin"}}'
  t.same(parse(record), { ok: false, reason: 'other-cookie', lifetime: 9 })
})

t.test('any bytes give either a record or a reason', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) => {
      codec.parse(bytes, AT)
    })
  )
})

t.test('keys such as __proto__ are ordinary data', async (t) => {
  const parsed = parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1},"b":1}}'
  )
  t.equal(parsed.ok, true)
  if (!parsed.ok) return
  t.same(Object.keys(parsed.data), ['__proto__', 'constructor', 'a'])
  t.equal(Object.getPrototypeOf(parsed.data), Object.prototype)
  t.same(Object.keys(parsed.data.a as object), ['b'])
  t.equal(({} as { polluted?: number }).polluted, undefined)
  t.match(String(codec.recordOf(parsed.data, metadata)), /^\{"__proto__":\{"polluted":1\},"constructor":/)
})

t.test('the message names the largest keys with their sizes', async (t) => {
  const data = { a: 1, cart: 'x'.repeat(100), b: 'x'.repeat(10), c: 'x'.repeat(50) }
  t.equal(codec.largestKeys(data), '"cart" (111 bytes), "c" (58 bytes), "b" (18 bytes)')
})

t.test('a serializer that refuses single keys does not hide the sizes of the others', async (t) => {
  const json = new JsonSerializer()
  const pairs = new RecordCodec(
    {
      serialize(data) {
        if (!('user' in data)) throw new TypeError('a user is required')
        return json.serialize(data)
      },
      deserialize: (bytes) => json.deserialize(bytes)
    },
    'session'
  )
  t.equal(pairs.largestKeys({ cart: 'x', user: 'ada' }), '"user" (14 bytes)')
})

t.test('for data that cannot be serialized, the message names the key', async (t) => {
  t.throws(() => codec.recordOf({ ok: 1, cart: { total: 1n } }, metadata), {
    code: 'FST_SESSION_SERIALIZE',
    message: /"cart\.total"/
  })
  const picky = (refuse: (data: object) => boolean) =>
    new RecordCodec(
      {
        serialize(data) {
          if (refuse(data)) throw Object.assign(new TypeError(`no: ${JSON.stringify(data)}`), { code: 'E_NO' })
          return Buffer.from('x')
        },
        deserialize: () => ({})
      },
      'session'
    )
  t.throws(() => picky((data) => 'b' in data).recordOf({ a: 1, b: 2 }, metadata), {
    message: /key "b"/,
    cause: { name: 'TypeError', code: 'E_NO', message: /left out/ }
  })
  t.throws(() => picky((data) => Object.keys(data).length > 1).recordOf({ a: 1, b: 2 }, metadata), {
    message: /its data/
  })
})

t.test('a serializer that returns text or a promise is refused, and the message says so', async (t) => {
  const codecOf = (serializer: object) => new RecordCodec(serializer as Serializer, 'session')
  for (const serialize of [JSON.stringify, async () => Buffer.from('{}'), () => undefined]) {
    t.throws(() => codecOf({ serialize, deserialize: JSON.parse }).recordOf({ a: 1 }, metadata), {
      code: 'FST_SESSION_SERIALIZE',
      message: /serialize\(\) must return a Uint8Array/
    })
  }
  for (const record of [Promise.resolve({ a: 1 }), new Map([['a', 1]]), new Date(0), Buffer.from('{}'), undefined]) {
    const foreign = codecOf({ serialize: () => Buffer.from('x'), deserialize: () => record })
    t.same(foreign.parse(Buffer.from('x'), AT), { ok: false, reason: 'not-an-object' })
  }
})

t.test('data that could not be loaded again are refused with each serializer', async (t) => {
  const lax = new RecordCodec({ serialize: () => Buffer.from('x'), deserialize: () => ({}) }, 'session')
  const deep = JSON.parse(nested(100))
  t.throws(() => lax.recordOf({ ok: 1, tree: deep }, metadata), {
    code: 'FST_SESSION_SERIALIZE',
    message: /key "tree" is nested deeper/
  })
  t.doesNotThrow(() => lax.recordOf({ tree: deep.a }, metadata))
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  t.throws(() => lax.recordOf({ cycle }, metadata), { message: /key "cycle" holds a cycle/ })
})

t.test('for data that a serializer cannot read, the message names the key, and the cause has no text', async (t) => {
  const throwing = () => {
    throw new TypeError('secret')
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const getter = Object.defineProperty({}, 'b', { get: throwing, enumerable: true })
  const structured = new RecordCodec(
    { serialize: (data) => v8.serialize(structuredClone(data)), deserialize: (bytes) => v8.deserialize(bytes) },
    'session'
  )
  for (const value of [proxy, getter, [getter], { deep: { proxy } }, () => 1]) {
    for (const each of [codec, structured]) {
      const error = t.throws(() => each.recordOf({ ok: 1, bad: value }, metadata), {
        code: 'FST_SESSION_SERIALIZE',
        message: /key "bad/
      })
      t.notMatch(inspect(error), 'secret')
    }
  }
})

t.test('the result of toJSON() is stored, even if the object itself is nested too deeply', async (t) => {
  const row: { parent?: unknown; toJSON: () => unknown } = { toJSON: () => ({ id: 7 }) }
  row.parent = row
  t.strictSame(codec.copy({ row }), { row: { id: 7 } })
})

t.test('no result of a deserializer makes a load fail', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const throwing = {
    get a() {
      throw new Error('secret')
    }
  }
  for (const record of [proxy, throwing, { a: throwing }, { a: proxy }, { __metadata__: proxy }]) {
    const odd = new RecordCodec({ serialize: () => Buffer.from('x'), deserialize: () => record }, 'session')
    t.same(odd.parse(Buffer.from('x'), AT), { ok: false, reason: 'unparsable' })
  }
})

/** A serializer that a test can break. */
class Broken extends JsonSerializer {
  fault: (() => never) | undefined
  answer: { readonly value: unknown } | undefined

  override serialize(value: object): Uint8Array {
    this.fault?.()
    return this.answer === undefined ? super.serialize(value) : (this.answer.value as Uint8Array)
  }

  override deserialize(bytes: Uint8Array): Record<string, unknown> {
    this.fault?.()
    return this.answer === undefined ? super.deserialize(bytes) : (this.answer.value as Record<string, unknown>)
  }
}

/** All calls that pass good data to a serializer. */
function calls(serializer: Broken): [string, () => unknown][] {
  const broken = new RecordCodec(serializer, 'session')
  const data = { a: 1 }
  const record = broken.recordOf(data, metadata)
  const changes = new Changes(broken)
  const body = broken.bodyOf(data, metadata)
  return [
    ['recordOf', () => broken.recordOf(data, metadata)],
    ['bodyOf', () => broken.bodyOf(data, metadata)],
    ['complete', () => broken.complete(body, { ...metadata, rev: 'r' })],
    ['restore', () => broken.restore(record)],
    ['dataOf', () => broken.dataOf(body)],
    ['copy', () => broken.copy(data)],
    ['bodyIfChanged', () => changes.bodyIfChanged({ a: 2 }, { id: '', bytes: Buffer.from(record), record, metadata })]
  ]
}

t.test('the text of an error of a serializer reaches neither the client nor the log', async (t) => {
  const secret = 'the password of alice'
  const thrown = [() => new Error(secret), () => secret, () => Object.freeze(new TypeError(secret)), () => undefined]
  for (const make of thrown) {
    const serializer = new Broken()
    const asked = calls(serializer)
    serializer.fault = () => {
      throw make()
    }
    for (const [name, call] of asked) {
      const error = thrownBy(call)
      t.match(error, { code: 'FST_SESSION_SERIALIZE' }, name)
      t.notMatch(inspect(error, { depth: 9 }), secret, name)
    }
  }
})

t.test('a wrong result of a serializer is refused, and a rejected promise does not end the process', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const nonsense = [
    () => undefined,
    () => null,
    () => 'text',
    () => 1,
    () => [],
    () => Promise.reject(new Error('late'))
  ]
  for (const make of nonsense) {
    const serializer = new Broken()
    const broken = new RecordCodec(serializer, 'session')
    for (const [name, call] of calls(serializer)) {
      serializer.answer = { value: make() }
      t.match(thrownBy(call), { code: 'FST_SESSION_SERIALIZE' }, name)
    }
    serializer.answer = { value: make() }
    t.match(broken.parse(Buffer.from('x'), AT), { ok: false, reason: 'not-an-object' })
  }
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.same(unhandled, [])
})

t.test('a JsonSerializer with another method, or behind a Proxy, is called', async (t) => {
  const data = { n: 1 }
  for (const method of ['serialize', 'deserialize'] as const) {
    const calls: string[] = []
    const original = JsonSerializer.prototype[method] as (argument: never) => never
    const noted = (argument: never) => {
      calls.push(method)
      return original(argument)
    }
    const changed = Object.assign(new JsonSerializer(), { [method]: noted })
    const proxy = new Proxy(new JsonSerializer(), {
      get: (target, name) => (name === method ? noted : Reflect.get(target, name))
    })
    for (const serializer of [changed, proxy]) {
      const other = new RecordCodec(serializer, 'session')
      const record = other.recordOf(data, { lifetime: 0, created: AT, last_access: AT })
      t.match(other.parse(Buffer.from(record), AT), { ok: true, data })
      t.same(calls.splice(0), [method])
    }
  }
})

function thrownBy(call: () => unknown): unknown {
  try {
    return { returned: call() }
  } catch (error) {
    return error
  }
}

t.test('data under the key of the metadata are left out', async (t) => {
  const { form } = codec.bodyOf({ a: 1, __metadata__: 'data' }, metadata)
  t.equal(form, '{"a":1}')
})
