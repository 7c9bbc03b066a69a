import t from 'tap'
import { resolveOptions } from '../lib/options.ts'
import { CookieStore } from '../lib/stores/cookie.ts'
import { InMemoryStore } from '../lib/stores/memory.ts'
import { RedisStore } from '../lib/stores/redis.ts'
import { remedyFor, remedyForAttribute } from '../lib/unknown-option.ts'

const messageOf = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}
const ofPlugin = (options: object) => messageOf(() => resolveOptions(options))

t.test('a cookie attribute beside "cookie" is told where it belongs, as it is to be written', async (t) => {
  for (const [options, remedy] of [
    [{ secure: false }, '`cookie: { secure: false }`'],
    [{ sameSite: 'none' }, "`cookie: { sameSite: 'none' }`"],
    [{ samesite: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ SameSit: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ domain: 'example.com' }, "`cookie: { domain: 'example.com' }`"],
    [{ path: '/app' }, "`cookie: { path: '/app' }`"],
    [{ httpOnly: true }, '`cookie: { httpOnly: true }`'],
    [{ httponly: true }, '`cookie: { httpOnly: true }`'],
    [{ partitioned: true }, '`cookie: { partitioned: true }`'],
    [{ priority: 'high' }, "`cookie: { priority: 'high' }`"],
    [{ cookie_same_site: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ cookiePath: { a: 1 } }, '`cookie: { path: ... }`']
  ] as const) {
    const [name] = Object.keys(options)
    const message = ofPlugin(options)
    t.ok(message.startsWith(`unknown option "${name}": it belongs in "cookie": ${remedy}. Known are store, `), message)
  }
})

t.test('what other libraries call an option has a remedy, however it is spelled', async (t) => {
  for (const [name, remedy] of [
    ['maxAge', 'it is "lifetime" here, in seconds'],
    ['max_age', 'it is "lifetime" here, in seconds'],
    ['ttl', 'it is "lifetime" here'],
    ['duration', 'it is "lifetime" here'],
    ['activeDuration', 'it is `rolling: true` here'],
    ['secret', 'store: new CookieStore({ secretKey })'],
    ['password', 'store: new CookieStore({ secretKey })'],
    ['keys', 'store: new CookieStore({ secretKey })'],
    ['key', 'The name of the cookie is "cookieName"'],
    ['saveUninitialized', 'an empty session is never stored'],
    ['resave', 'a session is stored when it has changed'],
    ['unset', '`await session.destroy()`'],
    ['genid', 'the library makes the ids'],
    ['idGenerator', 'the library makes the ids'],
    ['proxy', '`Fastify({ trustProxy: true })`'],
    ['sessionName', 'it is "name" here'],
    ['cookieOptions', 'it is "cookie" here'],
    ['cookie_https_only', '`cookie: { secure: true }`'],
    ['client', 'new RedisStore({ client })'],
    ['cookie_name', 'did you mean "cookieName"?'],
    ['sessionStore', 'did you mean "store"?'],
    ['timeout', 'did you mean "storeTimeout"?']
  ] as const) {
    const message = ofPlugin({ [name]: 'x' })
    t.ok(message.startsWith(`unknown option "${name}": `), message)
    t.ok(message.includes(remedy) && message.includes('nown are store, lifetime'), message)
  }
})

t.test('where nothing is near, nothing is suggested, and the names are listed', async (t) => {
  for (const name of ['zzz', 'foo', 'constructor', 'toString', '']) {
    t.match(ofPlugin({ [name]: 1 }), new RegExp(`^unknown option "${name}": known are store, lifetime, rolling,`))
  }
  t.match(ofPlugin({ cookie: { zzz: 1 } }), /^unknown option "cookie\.zzz": known are path, domain, sameSite,/)
})

t.test('an option in "cookie" is told that it belongs beside it', async (t) => {
  for (const [name, remedy] of [
    ['lifetime', '"lifetime" belongs beside "cookie", not in it'],
    ['store', '"store" belongs beside "cookie", not in it'],
    ['name', 'it is "cookieName" here, beside "cookie"'],
    ['maxAge', 'it is "lifetime" here, beside "cookie", in seconds'],
    ['signed', 'only a CookieStore needs a secret'],
    ['encode', 'leave it out'],
    ['http_only', 'did you mean "cookie.httpOnly"?']
  ] as const) {
    const message = ofPlugin({ cookie: { [name]: 'x' } })
    t.ok(message.startsWith(`unknown option "cookie.${name}": ${remedy}`), message)
    t.ok(message.includes('nown are path, domain'), message)
  }
})

t.test('each store has remedies for what others call its options', async (t) => {
  const stores = {
    RedisStore: (options: object) => new RedisStore(options as ConstructorParameters<typeof RedisStore>[0]),
    CookieStore: (options: object) => new CookieStore(options as ConstructorParameters<typeof CookieStore>[0]),
    InMemoryStore: (options: object) => new InMemoryStore(options)
  }
  for (const [store, options, remedy] of [
    [
      'RedisStore',
      { url: 'redis://user:hidden@host' },
      'make a client and pass it as `client`: `new RedisStore({ client'
    ],
    ['RedisStore', { host: 'h', port: 1 }, 'make a client and pass it as `client`'],
    ['RedisStore', { password: 'hidden' }, 'make a client and pass it as `client`'],
    ['RedisStore', { redis: {} }, 'make a client and pass it as `client`'],
    ['RedisStore', { redisClient: {} }, 'make a client and pass it as `client`'],
    ['RedisStore', { ttl: 5 }, 'is the option "lifetime" of the plugin'],
    ['RedisStore', { keyPrefix: 'x' }, 'it is "prefix" here'],
    ['RedisStore', { serializer: {} }, 'it is an option of the plugin'],
    ['RedisStore', { zzz: 1 }, 'known are client, prefix, gcTtl, hashIds'],
    ['RedisStore', { gc_ttl: 1 }, 'did you mean "gcTtl"?'],
    ['CookieStore', { password: 'hidden' }, 'it is "secretKey" here'],
    ['CookieStore', { secret: 'hidden' }, 'it is "secretKey" here'],
    ['CookieStore', { keys: ['hidden'] }, 'it is "secretKey" here'],
    ['CookieStore', { secret_key: 'hidden' }, 'did you mean "secretKey"?'],
    ['CookieStore', { maxAge: 5 }, 'is the option "lifetime" of the plugin'],
    ['CookieStore', { zzz: 1 }, 'known are secretKey, maxSize, digest, salt'],
    ['InMemoryStore', { ttl: 5 }, 'is the option "lifetime" of the plugin'],
    ['InMemoryStore', { checkPeriod: 5 }, 'leave it out: expired sessions go by themselves'],
    ['InMemoryStore', { zzz: 1 }, 'known are gcTtl, maxSessions']
  ] as const) {
    const message = messageOf(() => stores[store](options))
    t.ok(
      message.startsWith(`${store}: unknown option "${Object.keys(options)[0]}": ${remedy}`) ||
        message.includes(remedy),
      message
    )
    t.notMatch(message, /hidden/)
  }
})

t.test('no hint hides an option that there is', async (t) => {
  const known = { options: ['store', 'name'], cookie: ['path'] }
  t.equal(remedyFor('stoer', 1, known), 'did you mean "store"? Known are store, name')
  t.equal(remedyForAttribute('pth', known), 'did you mean "cookie.path"? Known are path')
})

t.test('a message says what was passed, and never what may be a secret', async (t) => {
  for (const [options, is] of [
    [{ lifetime: '1d' }, "but is '1d'"],
    [{ rolling: 1 }, 'but is 1'],
    [{ lifetime: null }, 'but is null'],
    [{ autoload: ['app'] }, "but is [ 'app' ]"],
    [{ cookie: { sameSite: 'Lax' } }, "but is 'Lax'"],
    [{ cookie: { secure: {} } }, 'but is another object'],
    [{ store: InMemoryStore }, 'but is a function or class: pass what `new` makes of it'],
    [{ store: 'redis://user:hidden@host' }, 'but is text'],
    [{ encryptor: 'hidden' }, 'but is text'],
    [{ name: 'connect.sid' }, '(the name of the cookie is "cookieName"), but is \'connect.sid\'']
  ] as const) {
    const message = ofPlugin(options)
    t.ok(message.endsWith(is), message)
    t.notMatch(message, /hidden/)
  }
})
