import { Redis } from 'ioredis'
import t from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisSessions } from '../../lib/stores/redis-sessions.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import type { CookieStoreOptions } from '../../types/stores.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const SECRET = 'a secret of thirty-two bytes: 32'
const OTHER = 'another one, of at least 32 bytes'
const PYTHON = { digest: 'sha1', salt: 'itsdangerous.Signer' } as const
const data = Buffer.from('{"user":"alice"}')

const text = (read: Uint8Array | null) => (read === null ? null : Buffer.from(read).toString())

t.test('the store keeps the promises of SessionStore', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  const store = new CookieStore({ secretKey: SECRET })
  await storeConformance(t, 'CookieStore', async () => ({ store: store.forCookie('session'), advance }))
  await storeConformance(t, 'CookieStore without a name', async () => ({ store, advance }))
})

t.test("it reads and writes the cookies of Python's starsessions", async (t) => {
  const clock = fakeClock(t, 16_909_060)
  const cookie = '.AQIDBA.0sosTPMCMQ7E8t2VFJtLy07RIXw'
  const store = new CookieStore({ secretKey: 's'.repeat(64), ...PYTHON }).forCookie('session')
  t.equal(await store.write('', Buffer.alloc(0), HOUR, HOUR), cookie)
  clock.advance(60)
  t.same(await store.read(cookie, 60), Buffer.alloc(0))
  t.equal(await store.read(cookie, 59), null)
})

t.test('the value is standard base64 with padding, then the time and the signature', async (t) => {
  fakeClock(t)
  const cookie = await new CookieStore({ secretKey: SECRET }).write(
    '',
    Uint8Array.of(0xff, 0xfe, 0xfb, 0xff),
    HOUR,
    HOUR
  )
  t.match(cookie, /^\/\/77\/w==\.ZVPxAA\.[A-Za-z0-9_-]{43}$/)
})

t.test('a cookie reads as null after any character was changed, dropped or added', async (t) => {
  const store = new CookieStore({ secretKey: SECRET }).forCookie('session')
  const cookie = await store.write('', data, HOUR, HOUR)
  for (let at = 0; at <= cookie.length; at++) {
    const [head, tail] = [cookie.slice(0, at), cookie.slice(at + 1)]
    for (const forged of [`${head}${cookie[at] === 'A' ? 'B' : 'A'}${tail}`, `${head}A${cookie.slice(at)}`, head]) {
      if (forged !== cookie && (await store.read(forged, HOUR)) !== null) t.fail(`accepted ${forged}`)
    }
  }
  t.equal(text(await store.read(cookie, HOUR)), data.toString())
})

t.test('the first key signs, and all keys verify', async (t) => {
  const old = new CookieStore({ secretKey: OTHER }).forCookie('session')
  const both = new CookieStore({ secretKey: [SECRET, OTHER] }).forCookie('session')
  const recent = new CookieStore({ secretKey: Buffer.from(SECRET) }).forCookie('session')
  const cookie = await old.write('', data, HOUR, HOUR)
  t.equal(text(await both.read(cookie, HOUR)), data.toString())
  t.equal(await recent.read(cookie, HOUR), null)
  t.equal(text(await recent.read(await both.write(cookie, data, HOUR, HOUR), HOUR)), data.toString())
})

t.test('a value that was signed for one cookie name is refused under another name', async (t) => {
  const options = { secretKey: SECRET }
  const cookie = await new CookieStore(options).forCookie('session').write('', data, HOUR, HOUR)
  t.equal(await new CookieStore(options).forCookie('admin').read(cookie, HOUR), null)
  t.equal(await new CookieStore(options).read(cookie, HOUR), null)
  const salted = new CookieStore({ ...options, salt: 'starsessions.CookieStore.session' })
  t.equal(text(await salted.read(cookie, HOUR)), data.toString())
  t.equal(
    text(await salted.forCookie('admin').read(cookie, HOUR)),
    data.toString(),
    'the option salt is used unchanged'
  )
})

t.test('a cookie ends after its lifetime, or after 360 days if the lifetime is 0', async (t) => {
  const clock = fakeClock(t)
  const store = new CookieStore({ secretKey: SECRET })
  const cookie = await store.write('', data, HOUR, HOUR)
  clock.advance(HOUR)
  t.not(await store.read(cookie, HOUR), null)
  clock.advance(1)
  t.equal(await store.read(cookie, HOUR), null)
  clock.set(1_700_000_000 + 360 * 86_400)
  t.not(await store.read(cookie, 0), null)
  clock.advance(1)
  t.equal(await store.read(cookie, 0), null)
})

t.test('a cookie that is too large for browsers is refused, and its name and "=" count', async (t) => {
  const sizeOf = async (store: CookieStore, name: string) => `${name}=${await store.write('', data, HOUR, HOUR)}`.length
  const roomy = new CookieStore({ secretKey: SECRET }).forCookie('session')
  const size = await sizeOf(roomy, 'session')
  const fitting = new CookieStore({ secretKey: SECRET, maxSize: size })
  t.equal(await sizeOf(fitting.forCookie('session'), 'session'), size)
  t.throws(() => fitting.forCookie('session_').write('', data, HOUR, HOUR), {
    code: 'FST_SESSION_TOO_LARGE',
    message: `The session is too large: its cookie would have ${size + 1} bytes, and the limit is ${size}. Store less, or use a store that keeps sessions on the server`
  })
  t.throws(() => roomy.write('', Buffer.alloc(3_100), HOUR, HOUR), { message: /the limit is 4096\. Store less/ })
})

t.test('the caller may wipe a key after passing it', async (t) => {
  const secret = Buffer.from(SECRET)
  const store = new CookieStore({ secretKey: secret })
  const cookie = await store.forCookie('session').write('', data, HOUR, HOUR)
  secret.fill(0)
  t.equal(text(await store.forCookie('session').read(cookie, HOUR)), data.toString())
})

t.test('a missing or short key is refused in each slot, and the message never quotes it', async (t) => {
  const make = (secretKey: unknown) => () => new CookieStore({ secretKey } as CookieStoreOptions)
  t.throws(make(undefined), {
    code: 'FST_SESSION_OPTIONS',
    message: /^CookieStore: secretKey .*is SESSION_SECRET set\?/
  })
  t.throws(make(''), { message: /^CookieStore: secretKey is empty/ })
  t.throws(make([]), { message: /^CookieStore: secretKey .*at least one/ })
  t.throws(make([SECRET, undefined]), { message: /^CookieStore: secretKey\[1\]/ })
  t.throws(make([SECRET, 'too short']), {
    message:
      'CookieStore: secretKey[1] has 9 bytes, but needs at least 32 random bytes, as `npx fastify-starsessions keygen secret` prints'
  })
  t.throws(make(new Uint8Array(31)), { message: /^CookieStore: secretKey has 31 bytes/ })
  t.throws(make(42), { message: /^CookieStore: secretKey is of type number/ })
  t.doesNotThrow(make('€'.repeat(11)), 'the length is counted in bytes, not in characters')
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const make = (options: object) => () => new CookieStore({ secretKey: SECRET, ...options })
  t.throws(make({ maxsize: 1 }), { code: 'FST_SESSION_OPTIONS', message: /^CookieStore: .*"maxsize".*"maxSize"/ })
  for (const maxSize of [0, 4_097]) {
    t.throws(make({ maxSize }), { message: 'CookieStore: maxSize must be an integer from 1 to 4096' })
  }
  t.throws(make({ digest: 'md5' }), { message: "CookieStore: digest must be 'sha256' or 'sha1'" })
  t.throws(make({ salt: 1 }), { message: 'CookieStore: salt must be text' })
  t.throws(() => new CookieStore(undefined as unknown as CookieStoreOptions), { code: 'FST_SESSION_OPTIONS' })
})

t.test('with an encryptor, the cookie is encrypted', async (t) => {
  const clock = fakeClock(t)
  const encryptor = new AESGCMEncryptor(AESGCMEncryptor.generateKey())
  const store = new CookieStore({ encryptor }).forCookie('session')
  t.equal(store.encrypts, true)
  t.equal(new CookieStore({ secretKey: SECRET }).encrypts, false)
  const cookie = await store.write('', data, HOUR, HOUR)
  t.match(cookie, /^1700000000\.[\w-]+$/)
  t.notMatch(Buffer.from(cookie.slice(11), 'base64url').toString('latin1'), 'alice')
  t.equal(text(await store.read(cookie, HOUR)), data.toString())
  t.equal(await new CookieStore({ encryptor }).forCookie('admin').read(cookie, HOUR), null)
  clock.advance(360 * 86_400)
  t.equal(await store.read(cookie, HOUR), null)
  t.equal(store.explain(cookie, HOUR), 'too-old')
  t.equal(text(await store.read(cookie, 0)), data.toString())
})

t.test('with an encryptor, the store keeps the promises of SessionStore, at once or with promises', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  const inner = new AESGCMEncryptor(AESGCMEncryptor.generateKey())
  const later: Encryptor = {
    encrypt: async (...args) => inner.encrypt(...args),
    decrypt: async (...args) => inner.decrypt(...args),
    authenticatesAssociatedData: true
  }
  for (const [name, encryptor] of Object.entries({ AESGCMEncryptor: inner, 'an asynchronous encryptor': later })) {
    const store = new CookieStore({ encryptor }).forCookie('session')
    await storeConformance(t, `CookieStore with ${name}`, async () => ({ store, advance }))
  }
  const large = new CookieStore({ encryptor: later }).forCookie('session')
  await t.rejects(async () => large.write('', Buffer.alloc(3_100), HOUR, HOUR), { code: 'FST_SESSION_TOO_LARGE' })
})

t.test('the store needs either a secret or an encryptor', async (t) => {
  const encryptor = new AESGCMEncryptor(AESGCMEncryptor.generateKey())
  const make = (options: object) => () => new CookieStore(options as CookieStoreOptions)
  const refused: [object, RegExp][] = [
    [{}, /^CookieStore: pass "secretKey" to sign the cookie, or "encryptor" to encrypt it$/],
    [{ secretKey: SECRET, encryptor }, /^CookieStore: pass "secretKey" or "encryptor", not both/],
    [{ secretKey: undefined, encryptor }, /not both/],
    [{ secretKey: SECRET, encryptor: undefined }, /not both/],
    [{ encryptor: undefined }, /^CookieStore: encryptor must be an object with encrypt and decrypt/],
    [{ encryptor: null }, /^CookieStore: encryptor must be an object/],
    [{ encryptor: { encrypt() {} } }, /^CookieStore: encryptor must be an object/],
    [{ encryptor: 'a key' }, /^CookieStore: encryptor must be an object/],
    [{ encryptor, digest: 'sha256' }, /^CookieStore: "digest" and "salt" belong to "secretKey"/],
    [{ encryptor, salt: 'a' }, /^CookieStore: "digest" and "salt" belong to "secretKey"/]
  ]
  for (const [options, message] of refused) t.throws(make(options), { code: 'FST_SESSION_OPTIONS', message })
})

t.test('an encryptor that does not authenticate the associated data is refused, with the remedy', async (t) => {
  const key = FernetEncryptor.generateKey()
  const own = (authenticatesAssociatedData?: unknown) => ({
    encrypt: (data: Uint8Array) => data,
    decrypt: (data: Uint8Array) => data,
    authenticatesAssociatedData
  })
  for (const encryptor of [new FernetEncryptor(key), new AESGCMEncryptor(key, { bind: false }), own(), own('true')]) {
    t.throws(() => new CookieStore({ encryptor: encryptor as Encryptor }), {
      code: 'FST_SESSION_OPTIONS',
      message: /must authenticate the associated data\. .*Pass an XChaCha20Encryptor, an AESGCMEncryptor without/
    })
  }
  t.doesNotThrow(() => new CookieStore({ encryptor: own(true) as Encryptor }))
})

t.test('a subclass keeps its methods when it is bound to a cookie, and serves one cookie name', async (t) => {
  const seen: string[] = []
  class Watched extends CookieStore {
    readonly #label: string
    constructor(label: string) {
      super({ secretKey: SECRET })
      this.#label = label
    }
    override write(...args: Parameters<CookieStore['write']>) {
      seen.push(this.#label)
      return super.write(...args)
    }
  }
  const store = new Watched('watched')
  const bound = store.forCookie('session')
  const cookie = await bound.write('', data, HOUR, HOUR)
  t.same(seen, ['watched'])
  t.equal(text(await new CookieStore({ secretKey: SECRET }).forCookie('session').read(cookie, HOUR)), data.toString())
  t.equal(store.forCookie('session'), bound)
  t.throws(() => store.forCookie('admin'), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'this object of a subclass of CookieStore serves the cookie "session" already. Make another object for "admin"'
  })

  const patched = new CookieStore({ secretKey: SECRET })
  patched.write = () => 'replaced'
  t.equal(await patched.forCookie('session').write('', data, HOUR, HOUR), 'replaced')
})

t.test('stores share records if one may open the cookies of the other', async (t) => {
  const sealed = () => new CookieStore({ encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey()) })
  const signed = (secretKey: string) => new CookieStore({ secretKey }).forCookie('session')
  t.equal(signed(SECRET).sharesRecordsWith(signed(SECRET)), true)
  t.equal(signed(SECRET).sharesRecordsWith(signed(OTHER)), false)
  t.equal(sealed().sharesRecordsWith(sealed()), true, 'it cannot tell')
  t.equal(sealed().sharesRecordsWith(signed(SECRET)), false)
  t.equal(signed(SECRET).sharesRecordsWith(sealed()), false)
})

t.test('calls of a signing store are not timed. Calls of an encryptor and of a list are', async (t) => {
  const client = new Redis({ lazyConnect: true })
  t.equal(new CookieStore({ secretKey: SECRET, byUser: new RedisSessions({ client }) }).isLocal, false)
  t.equal(new CookieStore({ secretKey: SECRET }).isLocal, true)
  t.equal(new CookieStore({ encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey()) }).isLocal, false)
})

t.test('explain() gives the reason why a cookie was refused', async (t) => {
  const clock = fakeClock(t)
  const store = new CookieStore({ secretKey: SECRET }).forCookie('session')
  const cookie = await store.write('', data, HOUR, HOUR)
  t.equal(store.explain(cookie, HOUR), undefined)
  t.equal(new CookieStore({ secretKey: OTHER }).forCookie('session').explain(cookie, HOUR), 'signature')
  t.equal(store.explain('an-id-of-another-store', HOUR), 'malformed')
  clock.advance(-60)
  t.equal(text(await store.read(cookie, HOUR)), data.toString(), 'clocks may differ by a minute')
  clock.advance(-1)
  t.equal(store.explain(cookie, HOUR), 'future')
  clock.advance(61 + HOUR + 1)
  t.equal(store.explain(cookie, HOUR), 'too-old')
  t.equal(store.explain(cookie, 0), undefined)
})
