import { inspect } from 'node:util'
import t from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { Session } from '../../types/session.ts'
import { type Answer, testApp } from '../support/app.ts'

/** Names of metadata and options that a careless library may put on `Object.prototype`, each with possible values. */
const INHERITED: [name: string, values: readonly unknown[]][] = [
  ['rotated', [[], ['sealed'], true]],
  ['cookie', [{ maxAge: 1 }, { secure: false, domain: 'evil.example' }, 1]],
  ['maxAge', [1, null, 'x']],
  ['name', ['admin', 1]],
  ['limit', [{ lifetime: 1, from: 0 }, 1]],
  ['lifetime', [1]],
  ['from', [1]],
  ['created', [0, 4_000_000_000, 'x']],
  ['last_access', [0, 4_000_000_000]],
  ['rev', ['x']],
  ['name', ['other', 1]],
  ['limit', [{ lifetime: 1, from: 0 }, 1]],
  ['from', [0]],
  ['lifetime', [1]],
  ['dates', [['/user'], 1]],
  ['__metadata__', [{ created: 0, last_access: 0 }]],
  ['absoluteLifetime', [1]],
  ['rolling', [true]],
  ['autoload', [true]],
  ['autoloadSession', [true]],
  ['concurrency', ['reject']],
  ['cookieName', ['other']],
  ['encryptor', [{ encrypt: (data: Uint8Array) => data, decrypt: () => null }]],
  ['serializer', [{ serialize: () => Buffer.from('x'), deserialize: () => ({}) }]],
  ['secure', [false]],
  ['domain', ['evil.example']],
  ['partitioned', [true]],
  ['salt', ['theirs']],
  ['digest', ['sha1']],
  ['maxSize', [1]],
  ['maxSessions', [1]],
  ['gcTtl', [1]],
  ['bind', [false]],
  ['user', ['mallory']],
  ['ownsIds', [true]],
  ['readProlongs', [true]],
  ['isLocal', [true]],
  ['sharesRecordsWith', [() => true, true]],
  // Properties that objects inside the library may leave out.
  ['record', ['x', { bytes: Buffer.from('x'), metadata: {} }]],
  ['derive', ['x', () => ({})]]
]

const login = (session: Session) => {
  session.user = 'alice'
  return session.regenerateId()
}

const attributes = (line: string | undefined) => line?.replace(/^[^;]*/, '')

/** Runs `body` while every object inherits the property, first enumerable and then not. */
const inheriting = async (name: string, value: unknown, body: () => Promise<void>): Promise<void> => {
  for (const enumerable of [true, false]) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true, enumerable })
    try {
      await body()
    } finally {
      Reflect.deleteProperty(Object.prototype, name)
    }
  }
}

const stores = {
  memory: () => new InMemoryStore(),
  cookie: () => new CookieStore({ secretKey: 'a signing secret of at least 32 bytes' })
}

for (const [store, make] of Object.entries(stores)) {
  t.test(`${store}: a property on Object.prototype does not count as an option or as metadata`, async (t) => {
    const options = { store: make(), encryptor: new AESGCMEncryptor(Buffer.alloc(32, 1)), lifetime: 60 }
    const usual = await testApp(t, options)
    for (const [name, values] of INHERITED) {
      for (const value of values) {
        const what = `Object.prototype.${name} = ${JSON.stringify(value)}`
        const logins = [await usual.send(undefined, login), await usual.send(undefined, login)]
        await inheriting(name, value, async () => {
          const { cookie, lines } = logins.pop() as Answer
          const known = await usual.send(cookie, (session) => ({
            user: session.user ?? null,
            isModified: session.isModified,
            own: Object.keys(session.data()),
            isEmpty: session.isEmpty
          }))
          const expected = { user: 'alice', isModified: false, own: ['user'], isEmpty: false }
          t.same([known.status, known.body], [200, expected], what)
          const changed = await usual.send(cookie, (session) => {
            session.count = 1
            return session.regenerateId()
          })
          t.equal(changed.status, 200, what)
          const fresh = await usual.send(undefined, login)
          t.equal(attributes(fresh.lines[0]), attributes(lines[0]), `${what}: the cookie of a new session`)
          t.equal(attributes(changed.lines[0]), attributes(lines[0]), `${what}: the cookie`)
        })
      }
    }
  })
}

t.test('a property on Object.prototype does not change how options, stores and encryptors are made', async (t) => {
  const secretKey = 'a signing secret of at least 32 bytes'
  const made = () => {
    const settings = resolveOptions({ lifetime: 60 })
    const store = new CookieStore({ secretKey })
    return {
      settings: { ...settings, store: settings.store.constructor, serializer: settings.serializer.constructor },
      opens: store.sharesRecordsWith(new CookieStore({ secretKey })),
      encrypted: new AESGCMEncryptor(Buffer.alloc(32, 1)).decrypt(sealed, Buffer.from('bound'))?.toString()
    }
  }
  const sealed = new AESGCMEncryptor(Buffer.alloc(32, 1)).encrypt(Buffer.from('x'), Buffer.from('bound'))
  const before = new CookieStore({ secretKey })
  const usual = inspect(made(), { depth: 9 })
  for (const [name, values] of INHERITED) {
    for (const value of values) {
      await inheriting(name, value, async () => {
        t.equal(inspect(made(), { depth: 9 }), usual, name)
        t.equal(new CookieStore({ secretKey }).sharesRecordsWith(before), true, name)
        t.doesNotThrow(() => new InMemoryStore(), name)
      })
    }
  }
})
