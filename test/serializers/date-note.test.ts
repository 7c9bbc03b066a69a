import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Changes } from '../../lib/record/changed.ts'
import { RecordCodec } from '../../lib/record/codec.ts'
import { pointerTo } from '../../lib/serializers/date-note.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'

const AT = 1_700_000_000
const serializer = new JsonSerializer()
const codec = new RecordCodec(serializer, 'session')
const changes = new Changes(codec)
const metadata = { lifetime: 60, created: AT, last_access: AT }
const at = new Date(1_000)

type Data = Record<string, unknown>

const text = (data: object) => String(codec.recordOf(data as Data, metadata))
const reading = (data: object, dates: unknown) =>
  codec.parse(Buffer.from(JSON.stringify({ ...data, __metadata__: { ...metadata, dates } })), AT)
const back = (data: object) => codec.restore(codec.recordOf(data as Data, metadata))

/** Reads a record with any note, and returns its data. */
function withNote(data: object, dates: unknown): Data {
  const parsed = reading(data, dates)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.data
}

t.test('a Date is written as text, and the metadata say where it is', async (t) => {
  t.equal(
    text({ since: at, list: [1, { at }] }),
    '{"since":"1970-01-01T00:00:01.000Z","list":[1,{"at":"1970-01-01T00:00:01.000Z"}],' +
      '"__metadata__":{"lifetime":60,"created":1700000000,"last_access":1700000000,"dates":["/since","/list/1/at"]}}'
  )
  t.notMatch(text({ since: at.toISOString() }), 'dates', 'there is no note without Dates')
})

t.test('Dates come back as Dates in each place', async (t) => {
  const data = {
    at,
    list: [at, [at], { at }],
    'a/b': { '~': at, '~1': at, '~0/': [at], '': at },
    '': at,
    0: { 0: at },
    first: new Date(-8.64e15),
    last: new Date(8.64e15),
    ancient: new Date('-000001-01-01T00:00:00.000Z'),
    text: at.toISOString(),
    deep: JSON.parse(`${'{"a":'.repeat(97)}{}${'}'.repeat(97)}`)
  }
  let inner = data.deep
  for (let level = 0; level < 97; level++) inner = inner.a
  inner.at = at
  t.ok(isDeepStrictEqual(back(data), data))
  t.ok(isDeepStrictEqual(Object.keys(back(data)), Object.keys(data)), 'the keys keep their order')
  const parsed = codec.parse(serializer.serialize({ ...data, __metadata__: metadata }), AT)
  t.match(parsed, { ok: true, snapshot: data })
  t.strictSame(parsed.ok && parsed.metadata, metadata, 'the note is not part of the metadata')
})

t.test('a Date among the deepest data that may be stored is loaded', async (t) => {
  const data: Data = {}
  let inner = data
  for (let level = 1; level < 100; level++) {
    inner.a = {}
    inner = inner.a as Data
  }
  inner.at = at
  t.match(codec.parse(serializer.serialize({ ...data, __metadata__: metadata }), AT), { ok: true })
})

t.test('a Date under a top-level key __proto__ comes back as a Date', async (t) => {
  const data = JSON.parse('{"__proto__":{}}')
  Object.defineProperty(data, '__proto__', { value: { at }, enumerable: true })
  const again = back(data)
  t.same(Object.keys(again), ['__proto__'])
  t.strictSame(Object.getOwnPropertyDescriptor(again, '__proto__')?.value, { at })
  t.equal(Object.getPrototypeOf(again), Object.prototype)
})

t.test('any data with Dates come back unchanged, and give the same bytes', async (t) => {
  const key = fc.oneof(fc.constantFrom('a', '/', '~', '~1', '~01', '0', '', 'dates', '__metadata'), fc.string())
  const date = fc.date({ noInvalidDate: true })
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      date,
      date.map(String),
      fc.constantFrom(1, null, true),
      tie('list'),
      tie('object')
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true })
  }))
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), (data) => {
      fc.pre(!/"(?:__proto__|constructor|__metadata__)"/.test(JSON.stringify(data)))
      const record = codec.recordOf(data, metadata)
      const again = codec.restore(record)
      t.ok(isDeepStrictEqual(again, data))
      t.equal(codec.recordOf(again, metadata), record)
      t.equal(String(serializer.serialize({ ...data, __metadata__: metadata })), record)
      t.equal(changes.bodyIfChanged(again, { id: '', bytes: Buffer.from(record), record, metadata }), undefined)
      const other = { ...metadata, rev: 'r' }
      t.equal(codec.complete(codec.bodyOf(data), other), codec.recordOf(data, other))
    })
  )
})

t.test('the note is only a hint, and only a text that a Date would write becomes a Date', async (t) => {
  const others = [
    '1970-01-01', '1970-01-01T00:00:01Z', '1970-01-01T00:00:01.000', '1970-01-01T00:00:01.000+00:00', '1970', '', 'x',
    'Thu, 01 Jan 1970 00:00:01 GMT', '1970-02-30T00:00:00.000Z', '-000000-01-01T00:00:00.000Z', `${' '.repeat(1e6)}1`,
    ' 1970-01-01T00:00:01.000Z', 1000, null, true, {}, ['1970-01-01T00:00:01.000Z']
  ] // biome-ignore format: a list
  for (const other of others) t.strictSame(withNote({ a: other }, ['/a']).a, other)
  t.strictSame(withNote({ a: at.toISOString() }, ['/a']).a, at)
})

t.test('a text that looks like a Date, but that no Date would write, stays a text', async (t) => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'))
  const year = fc.oneof(
    fc.integer({ min: 0, max: 9999 }).map((number) => String(number).padStart(4, '0')),
    fc.integer({ min: -999_999, max: 999_999 }).map((number) => {
      return (number < 0 ? '-' : '+') + String(Math.abs(number)).padStart(6, '0')
    }),
    fc.constantFrom('-000000', '+000000', '+001970', '1900', '2000', '2023', '2024', '+275760', '-271821')
  )
  const parts = fc.tuple(year, two(14), two(33), two(25), two(61), two(61), fc.integer({ min: 0, max: 999 }))
  const often = { numRuns: 5_000 }
  fc.assert(
    fc.property(parts, ([y, month, day, hour, minute, second, ms]) => {
      const text = `${y}-${month}-${day}T${hour}:${minute}:${second}.${String(ms).padStart(3, '0')}Z`
      const date = new Date(text)
      const isDate = !Number.isNaN(date.getTime()) && date.toISOString() === text
      t.strictSame(withNote({ a: text }, ['/a']).a, isDate ? date : text)
    }),
    often
  )
  for (const text of ['2023-02-29', '2023-02-30', '2023-04-31', '2024-01-00', '2024-00-01', '2024-13-01']) {
    t.equal(withNote({ a: `${text}T00:00:00.000Z` }, ['/a']).a, `${text}T00:00:00.000Z`)
  }
  t.equal(withNote({ a: '2024-01-01T24:00:00.000Z' }, ['/a']).a, '2024-01-01T24:00:00.000Z')
})

t.test('a note that is invalid or points to nothing changes nothing', async (t) => {
  const iso = at.toISOString()
  const data = { a: { b: iso, list: [iso] }, text: iso }
  const pointers = [
    '', '/', 'text', '#/text', '/text/', '//text', '/text/0', '/text/length', '/a', '/a/c', '/a/b/c', '/a/list', '/a/list/1',
    '/a/list/-', '/a/list/00', '/a/list/length', '/a/list/push', '/__proto__', '/__proto__/text', '/constructor/name',
    '/a/__proto__/toString', '/__metadata__/rev', '/__metadata__', '/toString', '~', '/~2'
  ] // biome-ignore format: a list
  const notes: unknown[] = [...pointers.map((pointer) => [pointer]), pointers, null, 'x', 1, {}, { 0: '/text' }, true]
  for (const note of [...notes, [1, null, {}, ['/text']]]) {
    t.strictSame(withNote(data, note), data, JSON.stringify(note))
    t.equal(Object.hasOwn(Object.prototype, 'text'), false)
  }
  t.strictSame(withNote(data, ['/text', '/text']).text, at, 'a pointer that is listed twice makes one Date')
  for (const text of ['[1]', 'null', '"x"', '{"a":1}', '{"__metadata__":1}', '{"__metadata__":{"x":1}}']) {
    t.strictSame(serializer.deserialize(Buffer.from(text)), JSON.parse(text))
  }
})

t.test('after 64 KiB of pointers that lead to nothing, the rest of the note is ignored', async (t) => {
  const iso = at.toISOString()
  const stale = (count: number) => [...Array(count).fill('/gone/0'), '/a']
  t.strictSame(withNote({ a: iso }, stale(8_192)).a, at)
  t.strictSame(withNote({ a: iso }, stale(8_193)).a, iso)
  const list = Array<string>(20_000).fill(iso)
  const pointers = list.map((_, index) => `/list/${index}`)
  t.strictSame(withNote({ list }, pointers).list, Array(20_000).fill(at), 'pointers to Dates do not count')
})

t.test('any note of a megabyte takes a few times as long as JSON.parse at most', async (t) => {
  const iso = at.toISOString()
  const list = Array.from({ length: 20_000 }, (_, index) => new Date(1.6e12 + index * 1e7).toISOString())
  const cases: Record<string, [object, string[]]> = {
    Dates: [{ list }, list.map((_, index) => `/list/${index}`)],
    'one text that is no Date': [{ a: `${iso.slice(0, -1)}000Z` }, Array(200_000).fill('/a')],
    'empty entries': [{}, Array(300_000).fill('')],
    'a million steps': [{}, ['/'.repeat(1e6)]],
    'steps that lead on': [{ '': 1 }, Array(1_000).fill('/'.repeat(1_000))]
  }
  // The shortest of several runs, because other processes may use the processor as well.
  const effort = (task: () => unknown): number => {
    const times = Array.from({ length: 7 }, () => {
      const began = performance.now()
      task()
      return performance.now() - began
    })
    return Math.min(...times)
  }
  for (const [title, [data, dates]] of Object.entries(cases)) {
    const record = Buffer.from(JSON.stringify({ ...data, __metadata__: { ...metadata, dates } }))
    const parsing = effort(() => JSON.parse(record.toString()))
    const reading = effort(() => serializer.deserialize(record))
    t.ok(reading < 15 * parsing + 25, `${title}: ${reading} ms, where JSON.parse takes ${parsing} ms`)
  }
})

t.test('the cost of a note grows only with its length', async (t) => {
  const iso = at.toISOString()
  const deep = JSON.parse(`${'{"a":'.repeat(90)}"${iso}"${'}'.repeat(90)}`)
  const notes: Record<string, unknown> = {
    'a million entries': Array(1e6).fill('/a'),
    'a million that lead nowhere': Array(1e6).fill('/b/c'),
    'one of a million steps': ['/a'.repeat(1e6)],
    'many of many steps': Array(5_000).fill('/a'.repeat(200)),
    'many escapes': [`/${'~1'.repeat(1e6)}`],
    'a million of another kind': Array(1e6).fill(1)
  }
  for (const [title, note] of Object.entries(notes)) {
    const record = Buffer.from(JSON.stringify({ ...deep, __metadata__: { ...metadata, dates: note } }))
    const { user } = process.cpuUsage()
    t.match(codec.parse(record, AT), { ok: true, metadata })
    const used = (process.cpuUsage().user - user) / 1_000
    t.ok(used < 2_000, `${title}: ${used} ms`)
  }
})

t.test('a record that Python has written is read, with the note, without the note, and after a change', async (t) => {
  const iso = at.toISOString()
  const python = (data: string, note: string) =>
    `{${data}, "__metadata__": {"lifetime": 60, "created": ${AT}.5, "last_access": ${AT}.5${note}}}`
  const read = (record: string) => codec.restore(record)
  t.strictSame(read(python(`"since": "${iso}"`, ', "dates": ["/since"]')), { since: at })
  t.strictSame(read(python(`"since": "${iso}"`, '')), { since: iso })
  t.strictSame(read(python('"since": "2020-01-01T00:00:00+00:00"', ', "dates": ["/since"]')), {
    since: '2020-01-01T00:00:00+00:00'
  })
  t.strictSame(read(python('"user": "alice"', ', "dates": ["/since", "/list/7"]')), { user: 'alice' })
  const stored = Buffer.from(python(`"since": "${iso}"`, ', "dates": ["/since"]'))
  const parsed = codec.parse(stored, AT + 1)
  t.ok(parsed.ok)
  if (!parsed.ok) return
  const { metadata: its } = parsed
  const isSame = (data: Data) =>
    changes.bodyIfChanged(data, { id: '', bytes: stored, record: String(stored), metadata: its }) === undefined
  t.equal(isSame({ since: new Date(1_000) }), true, 'other spacing is not a change')
  t.equal(isSame({ since: new Date(1_001) }), false)
  t.equal(isSame({ since: iso }), false, 'a text in place of a Date is a change')
})

t.test('a Date with its own toJSON() is stored as the result of toJSON()', async (t) => {
  class Day extends Date {
    override toJSON() {
      return this.toISOString().slice(0, 10)
    }
  }
  class Clock extends Date {}
  const marked = new Date(1_000)
  Object.defineProperty(marked, 'toJSON', { value: () => 'now' })
  t.strictSame(back({ day: new Day(1_000), marked, clock: new Clock(1_000) }), {
    day: '1970-01-01',
    marked: 'now',
    clock: at
  })
  t.strictSame(
    back({ a: { at, toJSON: () => ({ converted: at }) } }),
    { a: { converted: at } },
    'also inside the result of a toJSON()'
  )
})

t.test('without metadata no note is written', async (t) => {
  t.equal(Buffer.from(serializer.serialize({ at })).toString(), '{"at":"1970-01-01T00:00:01.000Z"}')
})

t.test('pointers are JSON Pointers (RFC 6901)', async (t) => {
  t.equal(pointerTo(['a/b', 'm~n', 0, '', ' ']), '/a~1b/m~0n/0// ')
})
