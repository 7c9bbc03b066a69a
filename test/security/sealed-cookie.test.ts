import t from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { XChaCha20Encryptor } from '../../lib/encryptors/xchacha20.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import { type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leaks } from './subjects.ts'

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const login: Handler = (session) => void (session.user = 'alice-in-wonderland')
const show: Handler = (session) => session.data()

const ciphers: Record<string, (...keys: string[]) => Encryptor> = {
  AESGCMEncryptor: (...keys) => new AESGCMEncryptor(keys),
  XChaCha20Encryptor: (...keys) => new XChaCha20Encryptor(keys)
}

for (const [name, cipher] of Object.entries(ciphers)) {
  const [key, otherKey] = [AESGCMEncryptor.generateKey(), AESGCMEncryptor.generateKey()]
  const appWith = (encryptor: Encryptor, cookieName = 'session') =>
    testApp(t, { store: new CookieStore({ encryptor }), cookieName, lifetime: 3_600 })

  t.test(`${name}: the cookie shows nothing of the session, and opens it again`, async (t) => {
    const { send, problems } = await appWith(cipher(key))
    const { cookie } = await send(undefined, login)
    t.match(cookie, /^session=\d+\.[\w-]+$/)
    const bytes = Buffer.from(cookie!.split('.')[1]!, 'base64url').toString('latin1')
    t.same(leaks(`${cookie} ${bytes}`, ['alice-in-wonderland', '__metadata__']), [])
    t.same((await send(cookie, show)).body, { user: 'alice-in-wonderland' })
    t.same(problems(), [])
  })

  t.test(`${name}: a cookie is refused after any character was changed, dropped or added`, async (t) => {
    const store = new CookieStore({ encryptor: cipher(key) }).forCookie('session')
    const cookie = await store.write('', Buffer.from('{"user":"alice"}'), 3_600, 3_600)
    for (let at = 0; at <= cookie.length; at++) {
      const [head, tail] = [cookie.slice(0, at), cookie.slice(at + 1)]
      const forged = [...`${BASE64URL}.=+/~ `].map((character) => `${head}${character}${tail}`)
      for (const value of [...forged, `${head}A${cookie.slice(at)}`, head, cookie.slice(at + 1)]) {
        if (value !== cookie && (await store.read(value, 3_600)) !== null) t.fail(`accepted ${value}`)
      }
    }
    t.not(await store.read(cookie, 3_600), null)
  })

  t.test(`${name}: the time of a cookie cannot be changed, so an old cookie does not become new`, async (t) => {
    const clock = fakeClock(t)
    const { send } = await appWith(cipher(key))
    const { cookie = '' } = await send(undefined, login)
    clock.advance(1_000)
    t.same((await send(cookie, show)).body, { user: 'alice-in-wonderland' })
    t.same((await send(cookie.replace('=1700000000.', '=1700001000.'), show)).body, {})
    clock.advance(2_601)
    t.same((await send(cookie, show)).body, {})
    t.same((await send(cookie.replace('=1700000000.', '=1700003601.'), show)).body, {})
  })

  t.test(`${name}: a cookie of one name opens under no other name, and in no other registration`, async (t) => {
    const { cookie = '' } = await (await appWith(cipher(key))).send(undefined, login)
    const admin = await appWith(cipher(key), 'admin')
    t.same((await admin.send(cookie.replace('session=', 'admin='), show)).body, {})
    t.match(admin.problems(), [{ reason: 'undecryptable' }])
  })

  t.test(`${name}: a record of another store does not open as a cookie, although the key is the same`, async (t) => {
    const { send } = await appWith(cipher(key))
    const record = Buffer.from('{"user":"alice","__metadata__":{"created":1,"last_access":1}}')
    for (const place of ['session\0', 'session\x001700000000', `session\0${'a'.repeat(43)}`]) {
      const sealed = Buffer.from(await cipher(key).encrypt(record, Buffer.from(place))).toString('base64url')
      t.same((await send(`session=${Math.floor(Date.now() / 1000)}.${sealed}`, show)).body, {})
      t.same((await send(`session=1700000000.${sealed}`, show)).body, {})
    }
  })

  t.test(`${name}: the first key encrypts, and all keys decrypt`, async (t) => {
    const [old, recent] = [await appWith(cipher(key)), await appWith(cipher(otherKey))]
    const both = await appWith(cipher(otherKey, key))
    const { cookie: first } = await old.send(undefined, login)
    t.same((await recent.send(first, show)).body, {})
    t.same((await both.send(first, show)).body, { user: 'alice-in-wonderland' })
    const { cookie: second } = await both.send(first, (session) => void (session.count = 1))
    t.same((await recent.send(second, show)).body, { user: 'alice-in-wonderland', count: 1 })
    t.same((await old.send(second, show)).body, {})
  })

  t.test(`${name}: a session that is too large for a cookie is refused, and nothing is sent`, async (t) => {
    const { send } = await appWith(cipher(key))
    const answer = await send(undefined, (session) => void (session.big = 'x'.repeat(3_000)))
    t.match(answer, { status: 500, body: { code: 'FST_SESSION_TOO_LARGE' }, lines: [] })
    t.equal((await send(undefined, (session) => void (session.big = 'x'.repeat(2_700)))).status, 200)
  })
}

t.test('a signed cookie opens no session of a store that encrypts, and the other way round', async (t) => {
  const sealed = await testApp(t, { store: new CookieStore({ encryptor: ciphers.AESGCMEncryptor!('A'.repeat(43)) }) })
  const signed = await testApp(t, { store: new CookieStore({ secretKey: 's'.repeat(32) }) })
  t.same((await sealed.send((await signed.send(undefined, login)).cookie, show)).body, {})
  t.same((await signed.send((await sealed.send(undefined, login)).cookie, show)).body, {})
})

t.test('the option encryptor of the plugin is refused beside a store that encrypts', async (t) => {
  const encryptor = ciphers.AESGCMEncryptor!('A'.repeat(43))
  await t.rejects(testApp(t, { store: new CookieStore({ encryptor }), encryptor }), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'option "encryptor" must not be set, because the store encrypts the sessions already. Leave it out here, or pass "secretKey" to the CookieStore instead of its "encryptor"'
  })
})

t.test('an encryptor that is down or hangs is a 503, and nobody is logged out', async (t) => {
  const inner = ciphers.AESGCMEncryptor!('A'.repeat(43))
  let mode: 'works' | 'rejects' | 'hangs' = 'works'
  const answer = async <T>(value: T): Promise<T> => {
    if (mode === 'rejects') throw new Error('the key service said alice-in-wonderland')
    if (mode === 'hangs') await new Promise(() => undefined)
    return value
  }
  const service: Encryptor = {
    encrypt: async (...args) => answer(await inner.encrypt(...args)),
    decrypt: async (...args) => answer(await inner.decrypt(...args)),
    authenticatesAssociatedData: true
  }
  // The timers of the library do not keep a process alive.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const { send, log } = await testApp(t, { store: new CookieStore({ encryptor: service }), storeTimeout: 1 })
  const { cookie } = await send(undefined, login)
  t.same((await send(cookie, show)).body, { user: 'alice-in-wonderland' })
  for (const fault of ['rejects', 'hangs'] as const) {
    mode = fault
    t.match(await send(cookie, show), { status: 503, body: { code: 'FST_SESSION_STORE' }, lines: [] })
    t.match(await send(undefined, login), { status: 503, body: { code: 'FST_SESSION_STORE' }, lines: [] })
  }
  t.same(leaks(JSON.stringify(log), ['alice-in-wonderland']), [])
  mode = 'works'
  t.same((await send(cookie, show)).body, { user: 'alice-in-wonderland' })
})
