import t from 'tap'
import { decodeText, parseText } from '../../lib/serializers/json-text.ts'

t.test('bytes are decoded only if they are UTF-8', async (t) => {
  t.equal(decodeText(Buffer.from('"ü😀"')), '"ü😀"')
  t.equal(decodeText(Buffer.from('\uFEFF{}')), '\uFEFF{}', 'a byte order mark is not JSON, so it is not dropped')
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
    t.throws(() => decodeText(Uint8Array.from(bytes)), { name: 'TypeError' })
  }
})

t.test('text that is not JSON is refused', async (t) => {
  for (const text of ['', '{', '{a:1}', 'undefined', '\uFEFF{}']) {
    t.throws(() => parseText(text), { name: 'SyntaxError' }, text)
  }
})

t.test('a number that JavaScript reads as Infinity is refused at each depth', async (t) => {
  const many = '9'.repeat(309)
  for (const number of ['1e309', '1E+400', '-1e999', many, `${'1'.repeat(400)}.5`]) {
    for (const text of [number, `{"a":${number}}`, `[[{"b":[0,${number}]}]]`]) {
      t.throws(() => parseText(text), { name: 'RangeError' }, text.slice(0, 30))
    }
  }
  const digits = '9'.repeat(500)
  t.strictSame(parseText(`{"a":"1e309","b":"${digits}","c":1e-400,"d":1e200,"e":"${' '.repeat(308)}9"}`), {
    a: '1e309',
    b: digits,
    c: 0,
    d: 1e200,
    e: `${' '.repeat(308)}9`
  })
})

t.test('keys that could change a prototype are removed below the first level, in each spelling', async (t) => {
  for (const key of ['__proto__', '\\u005f_proto__', '__pr\\u006fto__']) {
    const record = parseText(`{"a":{"${key}":{"polluted":1},"b":1},"list":[{"${key}":1}],"n":1,"none":null}`)
    t.strictSame(record, { a: { b: 1 }, list: [{}], n: 1, none: null })
  }
  t.strictSame(parseText('{"a":{"constructor":{"prototype":{"polluted":1}},"b":1}}'), { a: { b: 1 } })
  t.strictSame(parseText('"__proto__"'), '__proto__')
  t.strictSame(parseText('null'), null)
})

t.test('the Dates that the note in the metadata names come back as Dates', async (t) => {
  const iso = '1970-01-01T00:00:01.000Z'
  const record = parseText(`{"a":"${iso}","b":"${iso}","__metadata__":{"dates":["/a"]}}`)
  t.strictSame(record.a, new Date(1_000))
  t.equal(record.b, iso)
})
