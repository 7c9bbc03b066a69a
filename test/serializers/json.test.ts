import vm from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { SessionSerializeError } from '../../lib/errors.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'

const serializer = new JsonSerializer()
const bytes = (text: string) => new TextEncoder().encode(text)
const write = (data: object) => Buffer.from(serializer.serialize(data)).toString()
const read = (text: string): Record<string, unknown> => serializer.deserialize(bytes(text))

/** An object from JSON.parse, where `__proto__` is an own key. */
const parsed = (text: string): Record<string, unknown> => JSON.parse(text)

t.test('data come back unchanged', async (t) => {
  const data = { a: 1, b: 'Zoë \ud800 \u0000', c: [true, null, [], {}], d: { e: -1.5e-9 }, '': { 'a.b': '"' } }
  t.strictSame(serializer.deserialize(serializer.serialize(data)), data)
})

t.test('any JSON comes back unchanged, and gives the same bytes each time', async (t) => {
  const record = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }))
  fc.assert(
    fc.property(record, (data) => {
      const json = JSON.stringify(data)
      fc.pre(!json.includes('"__proto__"') && !json.includes('"constructor"'))
      return write(data) === json && write(data) === json && JSON.stringify(read(json)) === json
    })
  )
  t.pass('for all that were tried')
})

t.test('records that Python writes can be read', async (t) => {
  const metadata = '{"lifetime": 3600, "created": 1700000000.123456, "last_access": 1700000000.123456}'
  t.strictSame(read(`{"user": "Zo\\u00eb", "n": 1.0, "__metadata__": ${metadata}}`), {
    user: 'Zoë',
    n: 1,
    __metadata__: { lifetime: 3600, created: 1700000000.123456, last_access: 1700000000.123456 }
  })
})

t.test('bytes that are not UTF-8 or not JSON cause an error', async (t) => {
  t.throws(() => serializer.deserialize(Uint8Array.of(0x22, 0xff, 0x22)), TypeError)
  t.throws(() => serializer.deserialize(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), SyntaxError)
  for (const text of ['', '{', '{"a":NaN}', "{'a':1}", '{"a":1}x']) t.throws(() => read(text), SyntaxError)
})

t.test('JSON that is not an object is returned unchanged', async (t) => {
  for (const text of ['null', '1', '"x"', '[1]', '"__proto__"', '"constructor"']) {
    t.strictSame(read(text), JSON.parse(text))
  }
})

t.test('random bytes either are read or cause an error', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (data) => {
      try {
        serializer.deserialize(data)
      } catch (error) {
        t.ok(error instanceof TypeError || error instanceof SyntaxError)
      }
    })
  )
  t.pass('for all that were tried')
})

t.test('at the top level, __proto__ and constructor are ordinary keys', async (t) => {
  const text = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}'
  const record = read(text)
  t.strictSame(Object.keys(record), ['__proto__', 'constructor'])
  t.equal(Object.getPrototypeOf(record), Object.prototype)
  t.equal(record.isAdmin, undefined)
  t.equal(write(record), text)
})

t.test('below the top level, __proto__ and a constructor with a prototype are removed in each spelling', async (t) => {
  const escaped = (name: string, at: number, upper: boolean) => {
    const hex = name.charCodeAt(at).toString(16).padStart(4, '0')
    return `${name.slice(0, at)}\\u${upper ? hex.toUpperCase() : hex}${name.slice(at + 1)}`
  }
  const spellings = (name: string) => [
    name,
    ...Array.from(name, (_, at) => escaped(name, at, false)),
    ...Array.from(name, (_, at) => escaped(name, at, true)),
    Array.from(name, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  ]
  for (const key of spellings('__proto__')) {
    t.strictSame(JSON.stringify(read(`{"a":{"${key}":{"x":1},"b":1}}`)), '{"a":{"b":1}}', key)
  }
  for (const key of spellings('constructor')) {
    t.strictSame(JSON.stringify(read(`{"a":{"${key}":{"prototype":{"x":1}},"b":1}}`)), '{"a":{"b":1}}', key)
  }
})

t.test('these keys are removed at any depth, in lists, and below a top-level __proto__ or constructor', async (t) => {
  const bad = '{"__proto__":{"x":1},"b":{"constructor":{"prototype":{}}}}'
  const places = [
    [`{"a":[[${bad}]]}`, '{"a":[[{"b":{}}]]}'],
    [`{"__proto__":${bad}}`, '{"__proto__":{"b":{}}}'],
    [`{"__proto__":{"c":${bad}}}`, '{"__proto__":{"c":{"b":{}}}}'],
    [`{"constructor":${bad}}`, '{"constructor":{"b":{}}}'],
    [`{"constructor":{"prototype":${bad}}}`, '{"constructor":{"prototype":{"b":{}}}}'],
    [`[${bad}]`, '[{"b":{}}]'],
    ['{"a":{"__proto__":null,"b":1}}', '{"a":{"b":1}}'],
    ['{"a":{"__proto__":"text"}}', '{"a":{}}'],
    ['{"a":1,"n":null,"b":{"__proto__":{}}}', '{"a":1,"n":null,"b":{}}']
  ] as const
  for (const [text, expected] of places) t.equal(JSON.stringify(read(text)), expected)
  t.equal(({} as Record<string, unknown>).x, undefined)
})

t.test('a key constructor without a prototype is kept', async (t) => {
  for (const text of ['{"a":{"constructor":"Ferrari"}}', '{"a":{"constructor":{"name":"Ferrari"}}}']) {
    t.equal(write(read(text)), text)
  }
})

t.test('data of any depth are read without a stack overflow', async (t) => {
  const levels = 100_000
  for (const [open, close] of [
    ['{"a":', '}'],
    ['[', ']'],
    ['{"__proto__":1,"a":', '}']
  ] as const) {
    const record = read(`{"a":${open.repeat(levels)}1${close.repeat(levels)}}`)
    t.type(record.a, 'object')
  }
})

t.test('an undefined property counts as absent', async (t) => {
  t.equal(write({ a: undefined, b: { c: undefined, d: 1 } }), '{"b":{"d":1}}')
  t.equal(write({ a: Object.defineProperty({}, '__proto__', { value: undefined, enumerable: true }) }), '{"a":{}}')
})

t.test('the result of toJSON() is stored', async (t) => {
  const as = (value: unknown) => ({ toJSON: () => value })
  t.equal(write({ url: new URL('http://localhost/a') }), '{"url":"http://localhost/a"}')
  t.equal(write({ a: as(undefined), b: as(null), c: as([1]) }), '{"b":null,"c":[1]}')
  t.equal(write({ a: { toJSON: 'a key like any other' } }), '{"a":{"toJSON":"a key like any other"}}')
  t.equal(write({ list: [{ toJSON: (key: string) => key === '0' }] }), '{"list":[true]}')
})

t.test('objects of other realms, of classes and without a prototype are stored as objects', async (t) => {
  class User {
    name = 'alice'
  }
  const data = { a: vm.runInNewContext('({ b: [1] })'), c: new User(), d: Object.assign(Object.create(null), { e: 1 }) }
  t.equal(write(data), '{"a":{"b":[1]},"c":{"name":"alice"},"d":{"e":1}}')
})

t.test('an object in two places is stored twice', async (t) => {
  const shared = { a: 1 }
  t.equal(write({ one: shared, two: [shared, shared] }), '{"one":{"a":1},"two":[{"a":1},{"a":1}]}')
})

t.test('data that were accepted are never changed by loading them', async (t) => {
  const key = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'a'), fc.string())
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(1, 'x', null, true), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => JSON.parse(`{${entries.map(([name, v]) => `${JSON.stringify(name)}:${JSON.stringify(v)}`)}}`))
  }))
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 4 }), (entries) => {
      const text = `{${entries.map(([name, v]) => `${JSON.stringify(name)}:${JSON.stringify(v)}`)}}`
      let written: string
      try {
        written = write(parsed(text))
      } catch (error) {
        if (error instanceof SessionSerializeError) return true
        throw error
      }
      return write(read(written)) === written && written === JSON.stringify(parsed(text))
    }),
    { numRuns: 500 }
  )
  t.pass('for all that were tried')
})

/** The shortest CPU time of a few runs, in milliseconds. Time of other processes does not count. */
function effort(run: () => unknown): number {
  const once = () => {
    const { user, system } = process.cpuUsage()
    run()
    const used = process.cpuUsage({ user, system })
    return (used.user + used.system) / 1_000
  }
  return Math.min(...Array.from({ length: 5 }, once))
}

t.test('any text of a megabyte takes a few times as long as JSON.parse at most', async (t) => {
  const filled = (part: string) => part.repeat(Math.floor(1e6 / part.length))
  const listed = (element: string) => `{"a":[${filled(`${element},`)}0]}`
  const quoted = (part: string) => `{"a":"${filled(part)}"}`
  const nestedIn = (open: string, close: string) => {
    const levels = Math.floor(1e6 / (open.length + close.length))
    return `{"a":${open.repeat(levels)}1e100${close.repeat(levels)}}`
  }
  const texts = {
    'runs of 308 digits': listed('1'.repeat(308)),
    'runs of 308 digits in a text': quoted(`${'1'.repeat(308)} `),
    'runs of 308 digits after a point': listed(`0.${'1'.repeat(308)}`),
    'one run of digits in a text': quoted('1'),
    exponents: listed('1e100'),
    'exponents in a text': quoted('e12 E+12 '),
    underscores: quoted('_'),
    'escaped underscores': quoted('\\u005f'),
    'escaped letters': quoted('\\u0063onstructo'),
    quotes: quoted('\\"'),
    '__proto__ keys': listed('{"__proto__":{}}'),
    '__proto__ keys beside others': listed('{"__proto__":1,"b":2}'),
    '__proto__ keys, nested': nestedIn('{"__proto__":{},"a":', '}'),
    'the same __proto__ key again and again': `{"a":{${filled('"__proto__":{},')}"b":1}}`,
    'constructors with prototypes': listed('{"constructor":{"prototype":1}}'),
    'other constructors': listed('{"constructor":{"a":1}}'),
    'constructors in constructors': nestedIn('{"constructor":', '}'),
    'lists in lists': nestedIn('[', ']'),
    'objects in objects': nestedIn('{"a":', '}')
  }
  for (const [title, text] of Object.entries(texts)) {
    const data = bytes(text)
    const parsing = effort(() => JSON.parse(Buffer.from(data).toString()))
    const reading = effort(() => serializer.deserialize(data))
    t.ok(
      reading < 20 * parsing + 5,
      `${title}: ${reading.toFixed(1)} ms, where JSON.parse takes ${parsing.toFixed(1)} ms`
    )
  }
})

t.test('a number that is too large is refused in each place and each spelling', async (t) => {
  const many = '9'.repeat(309)
  for (const number of ['1e309', '-1e309', '1E+0309', '1e9999', many, `-${many}`, `${many}.5`, `${many}e5`]) {
    for (let before = 0; before < 330; before += 1) {
      t.throws(() => read(`{"a":"${'x'.repeat(before)}","b":[{"c":${number}}]}`), RangeError)
    }
  }
  const most = `1${'7'.repeat(308)}`
  const fine = { a: 1.7976931348623157e308, b: Number(most), c: '9'.repeat(400), d: 0 }
  t.strictSame(read(`{"a":1.7976931348623157e308,"b":${most},"c":"${'9'.repeat(400)}","d":1e-400}`), fine)
})
