import fc from 'fast-check'
import t from 'tap'
import {
  absentMetadata,
  cookieOf,
  hideInherited,
  isMetadata,
  metadataText,
  type RecordMetadata
} from '../lib/metadata.ts'

const TIMES = { lifetime: 60, created: 1, last_access: 1.5 }

const accepts = (differences: object): boolean => isMetadata({ ...TIMES, ...differences })

t.test('only finite numbers from 0 on are times', async (t) => {
  for (const value of [0, 1.5, 1_700_000_000.123456, 4e9]) {
    t.equal(accepts({ created: value, last_access: value }), true, String(value))
  }
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, [1], new Date(0), true]) {
    t.equal(accepts({ created: value }), false, `created: ${value}`)
    t.equal(accepts({ last_access: value }), false, `last_access: ${value}`)
  }
  t.equal(isMetadata({}), false)
})

t.test('each optional part is absent, or has the form in which this library writes it', async (t) => {
  const parts: Record<string, { good: readonly unknown[]; bad: readonly unknown[] }> = {
    name: { good: [undefined, 'session', ''], bad: [null, 1, ['session'], { name: 'session' }] },
    cookie: {
      good: [undefined, { maxAge: null }, { maxAge: 1 }, { maxAge: 9, later: 1 }],
      bad: [null, 1, 'x', [], {}, { maxAge: 0 }, { maxAge: -1 }, { maxAge: 1.5 }, { maxAge: 2 ** 53 }, { maxAge: '9' }]
    },
    limit: {
      good: [undefined, { lifetime: 1, from: 0 }, { lifetime: 60, from: 1_700_000_000.5 }],
      bad: [
        ...[null, 1, 'x', [], {}, { lifetime: 5 }, { from: 1 }, { lifetime: 0, from: 1 }, { lifetime: 1.5, from: 1 }],
        ...[
          { lifetime: 2 ** 53, from: 1 },
          { lifetime: '5', from: 1 },
          { lifetime: 5, from: 'x' }
        ],
        ...[
          { lifetime: 5, from: -1 },
          { lifetime: 5, from: null }
        ]
      ]
    },
    rotated: {
      good: [undefined, [], ['sealed', 'sealed too']],
      bad: [null, true, 'sealed', {}, { length: 0 }, [1], ['sealed', null], [['sealed']]]
    }
  }
  for (const [part, { good, bad }] of Object.entries(parts)) {
    for (const value of good) t.equal(accepts({ [part]: value }), true, `${part}: ${JSON.stringify(value)}`)
    for (const value of bad) t.equal(accepts({ [part]: value }), false, `${part}: ${JSON.stringify(value)}`)
  }
})

t.test('a maxAge that could end the cookie header is refused', async (t) => {
  for (const maxAge of ['1; Domain=evil.example', '9\r\nSet-Cookie: a=b', { toString: () => '9' }, [9]]) {
    t.equal(accepts({ cookie: { maxAge } }), false)
  }
})

t.test('keys of a later version or of another program are accepted', async (t) => {
  t.equal(accepts(JSON.parse('{"rev":1,"lifetime":"x","later":{"a":[1]},"__proto__":1}')), true)
})

t.test('properties on Object.prototype do not count as metadata', async (t) => {
  const inherited = {
    ...{ lifetime: 1, created: 0, last_access: 0, name: 'admin', rev: 'x', cookie: { maxAge: 1 } },
    ...{ limit: { lifetime: 1, from: 0 }, rotated: ['sealed'], maxAge: 1, from: 0 }
  }
  for (const [key, value] of Object.entries(inherited)) {
    Object.defineProperty(Object.prototype, key, { value, configurable: true, writable: false })
  }
  t.teardown(() => {
    for (const key of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, key)
  })
  for (const missing of ['created', 'last_access', 'lifetime']) {
    const partial: Record<string, unknown> = { ...TIMES }
    delete partial[missing]
    hideInherited(partial)
    t.equal(partial[missing], undefined, missing)
    t.equal(isMetadata(partial), missing === 'lifetime', missing)
  }

  const metadata: RecordMetadata = { ...TIMES }
  t.same(cookieOf(metadata), undefined)
  hideInherited(metadata)
  t.equal(isMetadata(metadata), true)
  const { name, rev, cookie, limit, rotated } = metadata
  t.same([name, rev, cookie, limit, rotated], Array(5).fill(undefined))
  t.equal(JSON.stringify(metadata), JSON.stringify(TIMES), 'no inherited property is written')

  for (const part of [{ cookie: {} }, { limit: { lifetime: 5 } }, { limit: { from: 5 } }]) {
    const partial: Record<string, unknown> = { ...TIMES, ...part }
    hideInherited(partial)
    t.equal(isMetadata(partial), false, `inherited properties do not complete ${JSON.stringify(part)}`)
  }
})

t.test('hiding inherited properties leaves the metadata themselves unchanged', async (t) => {
  const metadata = { ...TIMES, cookie: { maxAge: 9 }, limit: { lifetime: 5, from: 1 }, rotated: [], later: 1 }
  const before = JSON.stringify(metadata)
  hideInherited(metadata)
  t.equal(JSON.stringify(metadata), before)
  t.same(cookieOf(metadata), { maxAge: 9 })
})

t.test('hiding inherited properties accepts parts of any type', async (t) => {
  for (const value of [null, undefined, 1, 'x', [], true]) {
    const metadata = { ...TIMES, cookie: value, limit: value }
    t.doesNotThrow(() => hideInherited(metadata))
    t.strictSame(metadata, { ...TIMES, cookie: value, limit: value })
  }
})

t.test('a record without metadata counts as created now, and its metadata are valid', async (t) => {
  t.same(absentMetadata(7.5), { lifetime: 0, created: 7.5, last_access: 7.5 })
  t.equal(isMetadata(absentMetadata(7.5)), true)
})

t.test('the text of metadata is their JSON', async (t) => {
  const time = fc.oneof(fc.nat(), fc.double({ min: 0, max: 4e9, noNaN: true }), fc.constantFrom(1e21, 5e-7))
  const usual = { lifetime: fc.nat(), created: time, last_access: time }
  const name = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,40}$/)
  const rev = fc.stringMatching(/^[\w-]{1,20}$/)
  const parts = {
    rotated: fc.array(fc.string()),
    cookie: fc.record({ maxAge: fc.option(fc.nat()) }),
    limit: fc.record({ lifetime: fc.nat(), from: time }),
    other: fc.jsonValue()
  }
  const same = (metadata: RecordMetadata) => metadataText(metadata) === JSON.stringify(metadata)
  const written = fc.record({ ...usual, name, rev }, { noNullPrototype: true })
  fc.assert(fc.property(written, same))
  fc.assert(fc.property(fc.record({ ...usual, name }, { noNullPrototype: true }), same))
  fc.assert(fc.property(fc.record(usual, { noNullPrototype: true }), same))
  const more = fc.record(parts, { requiredKeys: [], noNullPrototype: true })
  fc.assert(fc.property(written, more, (metadata, others) => same({ ...metadata, ...others })))
  t.equal(
    metadataText({ lifetime: 60, created: 1, last_access: 1.5, name: 'session', rev: 'r' }),
    '{"lifetime":60,"created":1,"last_access":1.5,"name":"session","rev":"r"}'
  )
})

t.test('metadata of another program are valid JSON, whatever their values are', async (t) => {
  const foreign = { created: 1, last_access: 1, name: 'session' }
  for (const others of [
    { lifetime: 60, rev: '"' },
    { rev: 'r' },
    { lifetime: 'x', rev: 'r' },
    { lifetime: 60, rev: {} }
  ]) {
    const metadata = { ...foreign, ...others } as unknown as RecordMetadata
    t.equal(metadataText(metadata), JSON.stringify(metadata))
  }
})

t.test('the user of a session has an id and a handle, both text', async (t) => {
  const user = { at: 1, until: 2, id: 'ada', handle: 'handle' }
  t.equal(accepts({ user }), true)
  for (const wrong of [{ id: 1 }, { handle: 1 }, { at: '1' }, { until: '2' }]) {
    t.equal(accepts({ user: { ...user, ...wrong } }), false, JSON.stringify(wrong))
  }
})
