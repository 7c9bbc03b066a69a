import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { leaks, SIGNING_SECRET, subjects } from './subjects.ts'

const stores = await subjects(t)

const VALUE = 'a-value-that-only-the-record-knows'
const ID = 'an-id-that-stands-for-a-hostile-record-here'
const MEGABYTE = 2 ** 20
const AT = Date.now() / 1000

const login: Handler = (session) => void (session.user = 'bob')
const show: Handler = (session) => ({ id: session.id, isNew: session.isNew, keys: Object.keys(session.data()) })

/** A store into which the test can put a record directly, without the library. */
interface Place {
  readonly name: string
  readonly store: SessionStore
  /** @returns the cookie value that leads to the record */
  put(bytes: Uint8Array): Promise<string>
  /** Whether the record is still there, unchanged. */
  holds(bytes: Uint8Array): Promise<boolean>
}

function places(): Place[] {
  const map = new MapStore()
  const client = stores.redis
  const key = `hostile.${createHash('sha256').update(ID).digest('hex')}`
  const cookies = new CookieStore({ secretKey: SIGNING_SECRET, maxSize: 4_096 })
  const isSame = (a: Uint8Array | null | undefined, b: Uint8Array) => a != null && Buffer.compare(a, b) === 0
  return [
    {
      name: 'a store with three methods',
      store: map,
      put: (bytes) => map.write(ID, bytes, 0, 0),
      holds: async (bytes) => isSame(map.entries.get(ID)?.data, bytes)
    },
    {
      name: 'Redis',
      store: new RedisStore({ client, prefix: 'hostile.' }),
      async put(bytes) {
        await client.set(key, Buffer.from(bytes))
        return ID
      },
      holds: async (bytes) => isSame(await client.getBuffer(key), bytes)
    },
    {
      name: 'a signed cookie',
      store: cookies,
      put: async (bytes) => cookies.forCookie('session').write('', bytes, 0, 0),
      holds: async () => true
    }
  ]
}

const encryptors: Record<string, () => Encryptor | undefined> = {
  plain: () => undefined,
  FernetEncryptor: () => new FernetEncryptor(FernetEncryptor.generateKey()),
  AESGCMEncryptor: () => new AESGCMEncryptor(AESGCMEncryptor.generateKey())
}

interface Trap {
  readonly name: string
  /** Puts the bytes into the store, encrypted if there is an encryptor, and sends requests with their cookie. */
  visit(bytes: Uint8Array, options?: { sealed?: boolean }): Promise<Visit>
  finish(): void
}

interface Visit {
  readonly isNew: boolean
  readonly keys: string[]
  readonly reason: unknown
}

/** Runs `body` for each store with each encryptor. `visit` throws if a record does harm. */
async function forEachTrap(t: Test, body: (t: Test, trap: Trap) => Promise<void>): Promise<void> {
  for (const place of places()) {
    for (const [name, make] of Object.entries(encryptors)) {
      await t.test(`${place.name}, ${name}`, async (t) => {
        const trap = await trapAt(t, place, make())
        await body(t, trap)
        trap.finish()
      })
    }
  }
}

async function trapAt(t: Test, place: Place, encryptor: Encryptor | undefined): Promise<Trap> {
  const { send, log } = await testApp(
    t,
    { store: place.store, lifetime: 3_600, ...(encryptor && { encryptor }) },
    (app) => {
      app.log.level = 'trace'
    }
  )
  const bound = Buffer.from(`session\0${place.store.ownsIds ? '' : ID}`)
  return {
    name: place.name,
    async visit(bytes, { sealed = true } = {}) {
      const stored = (sealed ? await encryptor?.encrypt(bytes, bound) : undefined) ?? bytes
      const value = await place.put(stored)
      const before = log.length
      const { status, body, lines } = await send(`session=${value}`, show)
      if (status !== 200) throw new Error(`status ${status}`)
      const { id, isNew, keys } = body as { id?: string; isNew: boolean; keys: string[] }
      if (lines.length > 0) throw new Error('a visit without changes has changed the cookie')
      if (isNew && id === value) throw new Error('the id was adopted')
      if (isNew && keys.length > 0) throw new Error('a new session has data')
      if (!(await place.holds(stored))) throw new Error('a visit without changes has changed the record')
      const reason = log.slice(before).find((line) => line.reason !== undefined)?.reason

      const written = await send(`session=${value}`, login)
      if (written.status !== 200 && written.status !== 500) throw new Error(`status ${written.status} for a write`)
      if (written.status === 500 && isNew) throw new Error('a new session cannot be written')
      if (written.status === 200) {
        if (isNew && cookieValue(written.cookie) === value) throw new Error('the id was adopted')
        const read = await send(written.cookie, (session) => ({ user: session.get('user') }))
        if ((read.body as { user: string }).user !== 'bob') throw new Error('the written data are not there')
      }
      if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) throw new Error('a prototype was polluted')
      return { isNew, keys, reason }
    },
    finish() {
      t.same(leaks(log.map((line) => JSON.stringify(line)).join('\n'), [VALUE, ID]), [], 'the log shows no secret')
    }
  }
}

const nested = (depth: number, open = '{"a":', close = '}') => `${open.repeat(depth)}1${close.repeat(depth)}`

const inMetadata = (metadata: string) => `{"user":"${VALUE}","__metadata__":${metadata}}`

/** Records that are not a session, each with the reason that the log must give. */
const UNUSABLE: Record<string, [record: string | Uint8Array, reason: string]> = {
  empty: ['', 'unparsable'],
  blank: ['  \n', 'unparsable'],
  'not JSON': [`${VALUE} is not JSON`, 'unparsable'],
  'cut short': [`{"user":"${VALUE}`, 'unparsable'],
  'with more behind it': [`{"user":"${VALUE}"} x`, 'unparsable'],
  'a list': ['[1]', 'not-an-object'],
  'an empty list': ['[]', 'not-an-object'],
  text: [`"${VALUE}"`, 'not-an-object'],
  null: ['null', 'not-an-object'],
  'a number': ['5', 'not-an-object'],
  true: ['true', 'not-an-object'],
  NaN: ['NaN', 'unparsable'],
  'NaN inside': [`{"user":"${VALUE}","n":NaN}`, 'unparsable'],
  'a number beyond all': [`{"user":"${VALUE}","n":1e999}`, 'unparsable'],
  'a byte order mark': [`\ufeff{"user":"${VALUE}"}`, 'unparsable'],
  'not UTF-8': [Buffer.from('7b2261223a22ff22 7d'.replace(' ', ''), 'hex'), 'unparsable'],
  'zero bytes': [Buffer.alloc(100), 'unparsable'],
  '101 levels': [nested(101), 'too-deep'],
  '101 levels of lists': [`{"a":${nested(100, '[', ']')}}`, 'too-deep'],
  'lists alone': [nested(101, '[', ']'), 'not-an-object']
}

const LARGE: Record<string, [record: string | Uint8Array, reason: string]> = {
  '5,000 levels': [nested(5_000), 'too-deep'],
  '100,000 levels': [nested(100_000), 'too-deep'],
  '100,000 levels of lists': [`{"a":${nested(100_000, '[', ']')}}`, 'too-deep'],
  '100,000 levels with __proto__ behind': [`{"b":${nested(100_000)},"a":{"__proto__":1}}`, 'too-deep'],
  '100,000 levels that are not closed': ['{"a":'.repeat(100_000), 'unparsable'],
  '100,000 levels in the metadata': [inMetadata(nested(100_000)), 'too-deep'],
  '10 MB of text': [`"${VALUE}${'x'.repeat(10 * MEGABYTE)}"`, 'not-an-object'],
  '10 MB that are not JSON': [Buffer.alloc(10 * MEGABYTE, 0xc3), 'unparsable'],
  '10 MB that end too early': [`{"user":"${VALUE}${'x'.repeat(10 * MEGABYTE)}`, 'unparsable'],
  'a million open brackets': ['['.repeat(MEGABYTE), 'unparsable']
}

t.test('a record that is not a session gives a new session with a new id', async (t) => {
  await forEachTrap(t, async (t, { visit }) => {
    for (const [what, [record, reason]] of Object.entries(UNUSABLE)) {
      t.match(await visit(Buffer.from(record)), { isNew: true, reason }, what)
    }
  })
})

t.test('a very large or very deep record that is not a session gives a new session', async (t) => {
  await forEachTrap(t, async (t, { visit, name }) => {
    if (name === 'a signed cookie') return
    for (const [what, [record, reason]] of Object.entries(LARGE)) {
      // These records are slow, and an encryptor does not change how they are read. One of them is enough there.
      if (!t.name.endsWith('plain') && what !== '100,000 levels') continue
      t.match(await visit(Buffer.from(record)), { isNew: true, reason }, what)
    }
  })
})

t.test('a session with 10 MB of data or 100 levels can be used', async (t) => {
  await forEachTrap(t, async (t, { visit, name }) => {
    t.match(await visit(Buffer.from(nested(100))), { isNew: false, keys: ['a'] })
    if (name === 'a signed cookie' || t.name.endsWith('FernetEncryptor')) return
    const large = JSON.stringify({ large: 'x'.repeat(10 * MEGABYTE), __metadata__: { created: AT, last_access: AT } })
    t.match(await visit(Buffer.from(large)), { isNew: false, keys: ['large'] })
  })
})

t.test('wrong metadata give a new session, and in a cookie also metadata from the future', async (t) => {
  const wrong = ['null', '1', '"x"', '[]', '{}', 'true', nested(20)]
  const time = `"last_access":${AT}`
  for (const created of ['null', '"1"', '-1', 'true', '[]', '{}', `"${VALUE}"`])
    wrong.push(`{"created":${created},${time}}`)
  wrong.push(
    `{${time}}`,
    `{"created":${AT}}`,
    `{"created":${AT},"last_access":"1"}`,
    `{"created":${AT},"last_access":-1}`
  )
  for (const cookie of [
    'null',
    '1',
    '[]',
    '{}',
    '{"maxAge":"5"}',
    '{"maxAge":0}',
    '{"maxAge":-1}',
    '{"maxAge":1.5}',
    '{"maxAge":{}}'
  ]) {
    wrong.push(`{"created":${AT},${time},"cookie":${cookie}}`)
  }
  const future = [
    `{"created":${AT + 3_600},${time}}`,
    `{"created":${AT},"last_access":${AT + 3_600}}`,
    `{"created":1e300,${time}}`
  ]
  await forEachTrap(t, async (t, { visit, name }) => {
    for (const metadata of wrong) {
      t.match(await visit(Buffer.from(inMetadata(metadata))), { isNew: true, reason: 'bad-metadata' }, metadata)
    }
    for (const metadata of future) {
      // A record on the server ends with the ttl of the store. A cookie in a browser has only its dates to end it.
      const isRefused = name === 'a signed cookie'
      const seen = await visit(Buffer.from(inMetadata(metadata)))
      t.match(seen, isRefused ? { isNew: true, reason: 'future' } : { isNew: false }, metadata)
    }
    const old = `{"created":${AT - 3_601},${time}}`
    t.match(await visit(Buffer.from(inMetadata(old))), { isNew: true, reason: 'expired' })
  })
})

t.test('a tombstone with unreadable ids gives a new session, and destroy() does not claim a logout', async (t) => {
  await forEachTrap(t, async (t, { visit }) => {
    for (const rotated of ['[]', '[""]', '["x"]', `["${VALUE}"]`, `[${'"AAAA",'.repeat(20)}"A"]`]) {
      const record = inMetadata(`{"created":${AT},"last_access":${AT - 30},"rotated":${rotated}}`)
      t.match(await visit(Buffer.from(record)), { isNew: true })
    }
    for (const rotated of ['1', '"x"', '{}', '[1]', '[["x"]]', 'null']) {
      const record = inMetadata(`{"created":${AT},"last_access":${AT},"rotated":${rotated}}`)
      t.match(await visit(Buffer.from(record)), { isNew: true, reason: 'bad-metadata' }, rotated)
    }
  })
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  await store.write(ID, Buffer.from(inMetadata(`{"created":${AT},"last_access":${AT},"rotated":["x","AAAA"]}`)), 0, 0)
  const { status, lines } = await send(`session=${ID}`, (session) => session.destroy())
  t.equal(status, 409, 'a session of another version of the library may live on')
  t.same(lines, [])
})

t.test('unknown metadata of a later version are kept', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  await store.write(ID, Buffer.from(inMetadata(`{"created":${AT},"last_access":${AT},"later":{"kept":[1]}}`)), 0, 0)
  t.equal((await send(`session=${ID}`, login)).status, 200)
  t.match(JSON.parse(String(Buffer.from(store.entries.get(ID)!.data))), {
    user: 'bob',
    __metadata__: { later: { kept: [1] } }
  })
})

t.test('keys that could change a prototype change none, at any depth', async (t) => {
  const harm = '{"polluted":1,"prototype":{"polluted":1},"__proto__":{"polluted":1}}'
  await forEachTrap(t, async (t, { visit, name }) => {
    for (const key of [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      '\\u005f\\u005fproto__'
    ]) {
      for (const depth of name === 'a signed cookie' ? [0, 1, 10] : [0, 1, 10, 96]) {
        const record = `${'{"a":'.repeat(depth)}{"${key}":${harm}}${'}'.repeat(depth)}`
        t.match(await visit(Buffer.from(record)), { isNew: false }, `${key} at depth ${depth}`)
      }
      const metadata = inMetadata(`{"created":${AT},"last_access":${AT},"${key}":${harm}}`)
      t.match(await visit(Buffer.from(metadata)), { isNew: false, keys: ['user'] }, `${key} in the metadata`)
    }
  })
})

t.test('with an encryptor, a record that it has not encrypted gives a new session', async (t) => {
  await forEachTrap(t, async (t, { visit, name }) => {
    if (t.name.endsWith('plain')) return
    const all = name === 'a signed cookie' ? UNUSABLE : { ...UNUSABLE, '10 MB': LARGE['10 MB of text']! }
    for (const [what, [record]] of Object.entries(all)) {
      t.match(await visit(Buffer.from(record), { sealed: false }), { isNew: true, reason: 'undecryptable' }, what)
    }
    const good = inMetadata(`{"created":${AT},"last_access":${AT}}`)
    t.match(await visit(Buffer.from(good)), { isNew: false })
    t.match(await visit(Buffer.from(good), { sealed: false }), { isNew: true, reason: 'undecryptable' })
  })
})

const hostileKey = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    '__metadata__',
    'toJSON',
    'get',
    'regenerateId',
    'polluted',
    'a'
  ),
  fc.string()
)

const { value: hostileValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom(AT, 0, -1, 1e300)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(hostileKey, tie('value')), { maxLength: 4 }).map((entries) => new Entries(entries))
  )
}))

/** An object that is written as text. A real object would lose keys such as __proto__. */
class Entries {
  readonly #entries: readonly (readonly [string, unknown])[]

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.#entries = entries
  }

  toString(): string {
    return `{${this.#entries.map(([key, value]) => `${JSON.stringify(key)}:${toJson(value)}`).join()}}`
  }
}

function toJson(value: unknown): string {
  if (value instanceof Entries) return value.toString()
  if (Array.isArray(value)) return `[${value.map(toJson).join()}]`
  return JSON.stringify(value)
}

const VALID = Buffer.from(inMetadata(`{"lifetime":3600,"created":${AT},"last_access":${AT},"cookie":{"maxAge":60}}`))

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  hostileValue.map((value) => Buffer.from(toJson(value))),
  hostileValue.map((value) => Buffer.from(inMetadata(toJson(value)))),
  fc
    .array(fc.tuple(fc.nat(VALID.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
    .map((changes) => VALID.map((byte, at) => changes.find(([place]) => place === at)?.[1] ?? byte))
)

t.test('random bytes in the store never give an error or pollute a prototype (property)', async (t) => {
  await forEachTrap(t, async (t, { visit }) => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (stored, sealed) => {
        await visit(stored, { sealed })
      }),
      { numRuns: 200 }
    )
    t.pass('for all records that were tried')
  })
})
