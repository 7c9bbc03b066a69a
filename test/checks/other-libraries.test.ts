import t from 'tap'
import {
  COOKIE_HINTS,
  COOKIE_STORE_HINTS,
  type Hints,
  hintFor,
  PLUGIN_HINTS,
  plainName,
  REDIS_HINTS,
  STORE_HINTS
} from '../../lib/checks/other-libraries.ts'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { RedisStore } from '../../lib/stores/redis.ts'

const STORES = {
  RedisStore: (options: object) => new RedisStore(options as ConstructorParameters<typeof RedisStore>[0]),
  CookieStore: (options: object) => new CookieStore(options as ConstructorParameters<typeof CookieStore>[0]),
  InMemoryStore: (options: object) => new InMemoryStore(options)
}

const messageOf = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}
const ofPlugin = (options: object) => messageOf(() => resolveOptions(options))

/** The known names. They come from the message about an unknown name that is not near any of them. */
const namesIn = (message: string): string[] => (message.split(': known are ')[1] ?? '').split(', ')

const NAMES = {
  plugin: namesIn(ofPlugin({ zzz: 1 })),
  cookie: namesIn(ofPlugin({ cookie: { zzz: 1 } })),
  memory: namesIn(messageOf(() => STORES.InMemoryStore({ zzz: 1 }))),
  redis: namesIn(messageOf(() => STORES.RedisStore({ zzz: 1 }))),
  cookieStore: namesIn(messageOf(() => STORES.CookieStore({ zzz: 1 })))
}

const TABLES: [string, Hints, readonly string[]][] = [
  ['plugin', PLUGIN_HINTS, NAMES.plugin],
  ['cookie', COOKIE_HINTS, NAMES.cookie],
  ['memory', STORE_HINTS, NAMES.memory],
  ['redis', REDIS_HINTS, NAMES.redis],
  ['cookieStore', COOKIE_STORE_HINTS, NAMES.cookieStore]
]

t.test('an option name of another library gets a remedy, in each spelling', async (t) => {
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
    ['secretKey', 'it belongs to the store: `store: new CookieStore({ secretKey })`'],
    ['secret_key', 'new CookieStore({ secretKey })'],
    ['hashIds', 'it belongs to the store: `store: new RedisStore('],
    ['gcTtl', 'it belongs to the store'],
    ['maxBytes', 'it belongs to the store: `store: new InMemoryStore(']
  ] as const) {
    const message = ofPlugin({ [name]: 'x' })
    t.ok(message.startsWith(`unknown option "${name}": `), message)
    t.ok(message.includes(remedy) && message.includes('nown are store, lifetime'), message)
  }
})

t.test('each store has remedies for the option names of other libraries', async (t) => {
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
    ['CookieStore', { zzz: 1 }, 'known are secretKey, encryptor, maxSize, digest, salt'],
    ['InMemoryStore', { ttl: 5 }, 'is the option "lifetime" of the plugin'],
    ['InMemoryStore', { checkPeriod: 5 }, 'leave it out: expired sessions go by themselves'],
    ['InMemoryStore', { zzz: 1 }, 'known are gcTtl, maxSessions']
  ] as const) {
    const message = messageOf(() => STORES[store](options))
    t.ok(
      message.startsWith(`${store}: unknown option "${Object.keys(options)[0]}": ${remedy}`) ||
        message.includes(remedy),
      message
    )
    t.notMatch(message, /hidden/)
  }
})

t.test('no known option has a hint, in any spelling', async (t) => {
  for (const [owner, hints, names] of TABLES) {
    t.not(names.length, 0)
    for (const name of names) t.equal(hintFor(name, hints), undefined, `${owner}: ${name}`)
  }
})

t.test('each hint can be found, because its name is in lower case and has only letters', async (t) => {
  for (const [owner, hints] of TABLES) {
    for (const name of Object.keys(hints)) {
      t.equal(plainName(name), name, owner)
      t.match(name, /^[a-z]+$/, owner)
    }
  }
})

t.test('a hint is a sentence and names only known options', async (t) => {
  const all = Object.values(NAMES).flat()
  for (const [owner, hints] of TABLES) {
    for (const hint of Object.values(hints)) {
      t.match(hint, /\.$/, `${owner}: a full stop, because more text follows`)
      for (const [, name] of hint.matchAll(/"([^"]+)"/g)) t.ok([...all, 'cookie'].includes(String(name)), hint)
      for (const [, name] of hint.matchAll(/new \w+\(\{ (\w+)/g)) t.ok(all.includes(String(name)), hint)
    }
  }
})

t.test('inherited properties are not hints', async (t) => {
  Object.assign(Object.prototype, { polluted: 'leave it out.' })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'polluted'))
  for (const name of ['constructor', 'toString', '__proto__', 'polluted', '', '--']) {
    for (const [owner, hints] of TABLES) t.equal(hintFor(name, hints), undefined, `${owner}: ${name}`)
  }
})
