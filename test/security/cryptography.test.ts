import { createHash, createHmac, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import type { Serializer } from '../../types/serializer.ts'
import type { CookieStoreOptions } from '../../types/stores.ts'
import { type Answer, cookieValue, type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, patchCrypto, SIGNING_SECRET, subjects, watched } from './subjects.ts'

const stores = await subjects(t)
const login: Handler = (session) => void (session.user = 'alice')
const show: Handler = (session) => session.data()

const encryptors: Record<string, (...keys: string[]) => Encryptor> = {
  FernetEncryptor: (...keys) => new FernetEncryptor(keys.length === 0 ? FernetEncryptor.generateKey() : keys),
  AESGCMEncryptor: (...keys) => new AESGCMEncryptor(keys.length === 0 ? AESGCMEncryptor.generateKey() : keys)
}

/** Records the calls of these functions of node:crypto, in order. */
function spied(t: Test, ...names: ('timingSafeEqual' | 'createDecipheriv')[]): string[] {
  const calls: string[] = []
  for (const name of names) {
    patchCrypto(t, name, (original) => (...args) => {
      calls.push(name)
      return original(...args)
    })
  }
  return calls
}

/** A serializer that records each call of `deserialize`. */
function parsing(calls: string[]): Serializer {
  const json = new JsonSerializer()
  return {
    serialize: (data) => json.serialize(data),
    deserialize: (data) => {
      calls.push('deserialize')
      return json.deserialize(data)
    }
  }
}

/** Changes the last character but one to another one of the same alphabet. */
const forge = (value: string) => value.slice(0, -2) + (value.at(-2) === 'A' ? 'B' : 'A') + value.at(-1)

t.test('the signature of a cookie is compared in constant time, before anything is decrypted', async (t) => {
  const calls = spied(t, 'timingSafeEqual', 'createDecipheriv')
  for (const make of Object.values(encryptors)) {
    const store = new CookieStore({ secretKey: [SIGNING_SECRET, randomBytes(32)] })
    const { send } = await testApp(t, { store, encryptor: make(), serializer: parsing(calls) })
    const { cookie } = await send(undefined, login)
    calls.length = 0
    t.same((await send(forge(String(cookie)), show)).body, {})
    t.same(
      calls,
      Array(4).fill('timingSafeEqual'),
      'one comparison for each key, and again to find the reason for the log'
    )
    calls.length = 0
    t.same((await send(cookie, show)).body, { user: 'alice' })
    t.equal(calls[0], 'timingSafeEqual')
    t.ok(calls.indexOf('createDecipheriv') < calls.indexOf('deserialize'))
    t.not(calls.indexOf('createDecipheriv'), -1)
  }
})

t.test('the MAC of a Fernet record is checked before the record is decrypted or parsed', async (t) => {
  const calls = spied(t, 'timingSafeEqual', 'createDecipheriv')
  const store = new MapStore()
  const { send } = await testApp(t, {
    store,
    encryptor: new FernetEncryptor(FernetEncryptor.generateKey()),
    serializer: parsing(calls)
  })
  const { cookie } = await send(undefined, login)
  const entry = store.entries.get(cookieValue(cookie))!
  const token = Buffer.from(String(Buffer.from(entry.data)), 'base64url')
  token[30]! ^= 1
  const whole = entry.data
  entry.data = Buffer.from(token.toString('base64').replaceAll('+', '-').replaceAll('/', '_'))
  calls.length = 0
  t.same((await send(cookie, show)).body, {})
  t.same(calls, ['timingSafeEqual'])
  entry.data = whole
  calls.length = 0
  t.same((await send(cookie, show)).body, { user: 'alice' })
  t.same(calls, ['timingSafeEqual', 'createDecipheriv', 'deserialize'])
})

t.test('a record that fails the authentication of AES-GCM is never parsed', async (t) => {
  const calls: string[] = []
  const store = new MapStore()
  const { send } = await testApp(t, {
    store,
    encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey()),
    serializer: parsing(calls)
  })
  const { cookie } = await send(undefined, login)
  store.entries.get(cookieValue(cookie))!.data.set([0], 20)
  store.entries.get(cookieValue(cookie))!.data.set([0], 21)
  t.same((await send(cookie, show)).body, {})
  t.same(calls, [])
})

t.test('with an encryptor, a record or cookie in plaintext is never accepted (CVE-2026-39324)', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const make of Object.values(encryptors)) {
      const store = subject.make()
      const plain = await (await testApp(t, { store })).send(undefined, login)
      const { send, problems } = await testApp(t, { store, encryptor: make() })
      const read = await send(plain.cookie, show)
      t.equal(read.status, 200)
      t.same(read.body, {})
      t.match(problems(), [{ reason: 'undecryptable' }])
      const next = await send(plain.cookie, login)
      t.not(next.cookie, plain.cookie)
      t.same((await send(next.cookie, show)).body, { user: 'alice' })
    }
  })
})

t.test('with an encryptor, no record or cookie shows session data', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const make of Object.values(encryptors)) {
      const { store, calls } = watched(subject.make())
      const { send } = await testApp(t, { store, encryptor: make() })
      const { cookie } = await send(undefined, login)
      await send(cookie, (session) => void (session.role = 'admin'))
      const value = cookieValue(cookie)
      const seen = [
        value,
        Buffer.from(value, 'base64').toString('latin1'),
        ...calls.flatMap(({ bytes }) => bytes.map(String))
      ]
      for (const text of seen) t.notMatch(text, /alice|admin|user|role|metadata/)
    }
  })
})

t.test('every decryption failure gives the same response', async (t) => {
  const visible = ({ status, body, lines, headers: { date: _, ...headers } }: Answer) => ({
    status,
    body,
    lines,
    headers
  })
  for (const [name, make] of Object.entries(encryptors)) {
    await t.test(name, async (t) => {
      fakeClock(t)
      const store = new MapStore()
      const { send, problems } = await testApp(t, { store, encryptor: make() })
      const { cookie } = await send(undefined, login)
      const { cookie: other } = await send(undefined, login)
      const entry = store.entries.get(cookieValue(cookie))!
      const bytes = Buffer.from(entry.data)
      const flipped = (at: number) => bytes.map((byte, index) => (index === at ? byte ^ 4 : byte))
      const foreign = await make().encrypt(Buffer.from('{}'), Buffer.from(`session\0${cookieValue(cookie)}`))
      const failures: Record<string, Uint8Array> = {
        empty: Buffer.alloc(0),
        short: bytes.subarray(0, 10),
        truncated: bytes.subarray(0, -1),
        lengthened: Buffer.concat([bytes, bytes]),
        'first byte': flipped(0),
        nonce: flipped(16),
        ciphertext: flipped(bytes.length >> 1),
        'last byte': flipped(bytes.length - 2),
        "another key's": foreign,
        plaintext: Buffer.from('{"user":"alice"}'),
        noise: randomBytes(bytes.length)
      }
      const expected = visible(await send(`session=${'a'.repeat(43)}`, show))
      for (const [what, data] of Object.entries(failures)) {
        entry.data = data
        t.same(visible(await send(cookie, show)), expected, what)
      }
      t.ok(problems().every(({ reason }) => reason === 'undecryptable'))
      t.equal(problems().length, Object.keys(failures).length)
      t.same((await send(other, show)).body, { user: 'alice' })
    })
  }
})

t.test('a missing, empty or short key is an error at construction, at every place of the list', async (t) => {
  const refused = (make: () => unknown, what: string) => t.throws(make, { code: 'FST_SESSION_OPTIONS' }, what)
  const secret = 's'.repeat(32)
  for (const bad of [undefined, null, '', 's'.repeat(31), new Uint8Array(31), 5, {}, []]) {
    for (const keys of [bad, [bad], [bad, secret], [secret, bad], [secret, secret, bad]]) {
      refused(() => new CookieStore({ secretKey: keys } as CookieStoreOptions), `CookieStore: ${typeof bad}`)
    }
  }
  const lengths = { FernetEncryptor: [32], AESGCMEncryptor: [16, 24, 32] }
  const classes = { FernetEncryptor, AESGCMEncryptor } as const
  for (const name of ['FernetEncryptor', 'AESGCMEncryptor'] as const) {
    const Class = classes[name] as unknown as new (keys: unknown) => Encryptor & { constructor: unknown }
    const good = classes[name].generateKey()
    for (let size = 0; size <= 64; size++) {
      for (const key of [randomBytes(size), randomBytes(size).toString('base64url')]) {
        if (lengths[name].includes(size)) t.doesNotThrow(() => new Class(key))
        else
          for (const keys of [key, [key], [good, key], [key, good]]) refused(() => new Class(keys), `${name}: ${size}`)
      }
    }
    for (const bad of [undefined, null, 'not base64: !', `${good}AA`, ` ${good}`, 5, {}]) {
      for (const keys of [bad, [bad], [good, bad]]) refused(() => new Class(keys), `${name}: ${typeof bad}`)
    }
    refused(() => new Class([]), `${name}: none`)
  }
})

t.test('AES-GCM uses a new nonce for each write', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { store, calls } = watched(subject.make())
    const { send } = await testApp(t, { store, encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey()) })
    let { cookie } = await send(undefined, login)
    for (let count = 0; count < 100; count++)
      cookie = (await send(cookie, (session) => void (session.count = count))).cookie
    const nonces = calls.flatMap(({ bytes }) => bytes.slice(-1)).map((bytes) => bytes.toString('hex', 0, 12))
    t.equal(nonces.length, 101)
    t.equal(new Set(nonces).size, 101)
  })
})

t.test('a truncated authentication tag is refused, even if the bytes that are left are right', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store, encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey()) })
  const { cookie } = await send(undefined, login)
  const entry = store.entries.get(cookieValue(cookie))!
  const whole = Buffer.from(entry.data)
  for (let length = 0; length < 16; length++) {
    entry.data = whole.subarray(0, whole.length - 16 + length)
    t.same((await send(cookie, show)).body, {}, `${length} bytes`)
  }
  entry.data = whole
  t.same((await send(cookie, show)).body, { user: 'alice' })
})

t.test('an encrypted record that is copied to another id or another cookie does not open', async (t) => {
  await t.test('in Redis', async (t) => {
    const client = stores.redis
    const sha256 = (id: string) => `moved.${createHash('sha256').update(id).digest('hex')}`
    const encryptor = new AESGCMEncryptor(AESGCMEncryptor.generateKey())
    const store = new RedisStore({ client, prefix: 'moved.' })
    const { send, problems } = await testApp(t, { store, encryptor })
    const admin = await send(undefined, (session) => void (session.user = 'admin'))
    const mallory = await send(undefined, (session) => void (session.user = 'mallory'))
    const record = (await client.getBuffer(sha256(cookieValue(admin.cookie))))!
    await client.set(sha256(cookieValue(mallory.cookie)), record)
    t.same((await send(mallory.cookie, show)).body, {})
    t.match(problems(), [{ reason: 'undecryptable' }])
    t.same((await send(admin.cookie, show)).body, { user: 'admin' }, 'under its own id the record opens')
    const named = await testApp(t, { store, encryptor, cookieName: 'other' })
    t.same(
      (await named.send(`other=${cookieValue(admin.cookie)}`, show)).body,
      {},
      'the same id under another cookie name does not open'
    )
  })

  await t.test('between two cookies, even if both are signed with the same secret and salt', async (t) => {
    const encryptor = new AESGCMEncryptor(AESGCMEncryptor.generateKey())
    const store = new CookieStore({ secretKey: SIGNING_SECRET, salt: 'one for all' })
    const shop = await testApp(t, { store, encryptor, cookieName: 'shop' })
    const admin = await testApp(t, { store, encryptor, cookieName: 'admin' })
    const value = cookieValue((await shop.send(undefined, login)).cookie)
    t.same((await admin.send(`admin=${value}`, show)).body, {})
    t.same((await shop.send(`shop=${value}`, show)).body, { user: 'alice' })
  })
})

t.test('a signed cookie of one registration does not open in another', async (t) => {
  const store = new CookieStore({ secretKey: SIGNING_SECRET })
  const shop = await testApp(t, { store, cookieName: 'shop' })
  const admin = await testApp(t, { store, cookieName: 'admin' })
  const value = cookieValue((await shop.send(undefined, login)).cookie)
  t.same((await admin.send(`admin=${value}`, show)).body, {})
})

t.test('of several encryption keys, the first one writes, and all of them read', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const [name, make] of Object.entries(encryptors)) {
      const generate = () => (name === 'FernetEncryptor' ? FernetEncryptor : AESGCMEncryptor).generateKey()
      const [old, recent] = [generate(), generate()]
      const store = subject.make()
      const { cookie: first } = await (await testApp(t, { store, encryptor: make(old) })).send(undefined, login)
      const both = await testApp(t, { store, encryptor: make(recent, old) })
      const recentOnly = await testApp(t, { store, encryptor: make(recent) })
      t.same((await recentOnly.send(first, show)).body, {})
      t.same((await both.send(first, show)).body, { user: 'alice' })
      t.same((await recentOnly.send(first, show)).body, {}, 'reading does not write the record')
      const { cookie: second } = await both.send(first, (session) => void (session.count = 1))
      t.same((await recentOnly.send(second, show)).body, { user: 'alice', count: 1 })
      t.same((await (await testApp(t, { store, encryptor: make(old) })).send(second, show)).body, {})
    }
  })
})

t.test('of several signing secrets, the first one signs, and all of them verify', async (t) => {
  const [old, recent] = [randomBytes(32), randomBytes(32)]
  const appWith = (...secretKey: Buffer[]) => testApp(t, { store: new CookieStore({ secretKey }) })
  const { cookie: first } = await (await appWith(old)).send(undefined, login)
  const both = await appWith(recent, old)
  t.same((await (await appWith(recent)).send(first, show)).body, {})
  t.same((await both.send(first, show)).body, { user: 'alice' })
  const { cookie: second } = await both.send(first, (session) => void (session.count = 1))
  t.same((await (await appWith(recent)).send(second, show)).body, { user: 'alice', count: 1 })
  t.same((await (await appWith(old)).send(second, show)).body, {})
})

t.test('SHA-1 is used only with digest: "sha1", which is for cookies of Python', async (t) => {
  const digests: string[] = []
  const noteDigest =
    (original: (...args: never[]) => unknown) =>
    (...args: never[]) => {
      // Redis names scripts by their SHA-1, and so does its client. No security depends on these names.
      if (!new Error().stack?.includes('node_modules/ioredis/')) digests.push(String(args[0]))
      return original(...args)
    }
  for (const name of ['createHash', 'createHmac', 'hash'] as const) patchCrypto(t, name, noteDigest)
  await forEach(t, stores.all, async (t, subject) => {
    for (const encryptor of [undefined, ...Object.values(encryptors).map((make) => make())]) {
      const { send } = await testApp(t, { store: subject.make(), ...(encryptor && { encryptor }) })
      let { cookie } = await send(undefined, login)
      cookie = (await send(cookie, (session) => session.regenerateId())).cookie
      t.same((await send(cookie, show)).body, { user: 'alice' })
      await send(cookie, (session) => session.destroy())
    }
  })
  t.ok(digests.length > 0)
  t.notOk(digests.some((digest) => /sha-?1$/i.test(digest)))

  const python = { digest: 'sha1', salt: 'itsdangerous.Signer' } as const
  const asked = await testApp(t, { store: new CookieStore({ secretKey: SIGNING_SECRET, ...python }) })
  const { cookie } = await asked.send(undefined, login)
  t.ok(digests.includes('sha1'))
  t.same((await asked.send(cookie, show)).body, { user: 'alice' })
  for (const options of [{}, { salt: python.salt }]) {
    const plain = await testApp(t, { store: new CookieStore({ secretKey: SIGNING_SECRET, ...options }) })
    t.same((await plain.send(cookie, show)).body, {}, 'without this option such a cookie opens no session')
  }
})

t.test('the signature has 32 bytes and uses the documented key derivation', async (t) => {
  const { send } = await testApp(t, { store: new CookieStore({ secretKey: SIGNING_SECRET }) })
  const value = cookieValue((await send(undefined, login)).cookie)
  const [payload, signature] = [value.slice(0, value.lastIndexOf('.')), value.slice(value.lastIndexOf('.') + 1)]
  const key = createHash('sha256').update('starsessions.CookieStore.session').update('signer').update(SIGNING_SECRET)
  t.equal(signature, createHmac('sha256', key.digest()).update(payload).digest('base64url'))
  t.equal(Buffer.from(signature, 'base64url').length, 32)
})
