import fastifyCookie from '@fastify/cookie'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { cookieWriter } from '../../lib/http/cookie.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { MapStore } from '../support/map-store.ts'

const OPTIONS = [
  'store',
  'lifetime',
  'rolling',
  'absoluteLifetime',
  'cookieName',
  'cookie',
  'autoload',
  'serializer',
  'encryptor',
  'concurrency',
  'storeTimeout',
  'name'
]

const resolve = (options: object) => resolveOptions(options as StarsessionsOptions)

t.test('without options the documented defaults apply', async (t) => {
  const settings = resolve({})
  t.ok(settings.store instanceof InMemoryStore)
  t.ok(settings.serializer instanceof JsonSerializer)
  t.equal(settings.encryptor, undefined)
  t.equal(settings.cookieName, 'session')
  t.equal(settings.autoload, false)
  t.equal(settings.storeTimeout, 5)
  t.same(settings.expiry, { lifetime: 0, rolling: false, every: 0, absoluteLifetime: undefined })
  t.same(settings.cookie, {
    path: '/',
    domain: undefined,
    sameSite: 'lax',
    secure: true,
    httpOnly: true,
    partitioned: false,
    priority: undefined
  })
})

t.test('options that are given are used', async (t) => {
  const store = new MapStore()
  const settings = resolve({
    store,
    lifetime: { hours: 1 },
    rolling: true,
    absoluteLifetime: { days: 1 },
    cookieName: '__Host-sid',
    cookie: { sameSite: 'strict', priority: 'high', partitioned: true },
    autoload: ['/app', /x/g],
    storeTimeout: { minutes: 1 }
  })
  t.equal(settings.storeTimeout, 60)
  t.same(resolve({ absoluteLifetime: { days: 400 } }).expiry, {
    lifetime: 0,
    rolling: false,
    every: 0,
    absoluteLifetime: 34_560_000
  })
  t.equal(settings.store, store)
  t.same(settings.expiry, { lifetime: 3600, rolling: true, every: 0, absoluteLifetime: 86_400 })
  t.equal(settings.cookie.sameSite, 'strict')
  t.same(settings.autoload, ['/app', /x/g])
  t.equal(resolve({ cookie: { domain: 'example.com', secure: 'auto' } }).cookie.domain, 'example.com')
})

t.test('register options of Fastify are accepted, and an undefined option gets its default', async (t) => {
  t.equal(resolve({ prefix: '/x', logLevel: 'info', logSerializers: {} }).cookieName, 'session')
  t.equal(resolve({ lifetime: undefined, cookie: { domain: undefined, path: undefined } }).cookie.path, '/')
  t.equal(resolve({ cookie: undefined }).cookie.path, '/')
})

t.test('the caller’s object is never changed, and the settings are frozen', async (t) => {
  const pattern = Object.freeze(/x/g)
  const options = Object.freeze({ cookie: Object.freeze({ path: '/app' }), autoload: Object.freeze([pattern]) })
  const settings = resolve(options)
  t.same(Object.keys(options), ['cookie', 'autoload'])
  t.same(Object.keys(options.cookie), ['path'])
  t.not((settings.autoload as RegExp[])[0], pattern)
  for (const part of [settings, settings.cookie, settings.expiry, settings.autoload]) t.ok(Object.isFrozen(part))
  t.ok(Object.isFrozen(resolve({ lifetime: 5, rolling: true, absoluteLifetime: 5 }).expiry))
})

t.test('the cookie has the name of the session, unless cookieName is set', async (t) => {
  t.match(resolve({}), { name: 'session', cookieName: 'session' })
  t.match(resolve({ name: 'admin' }), { name: 'admin', cookieName: 'admin' })
  t.match(resolve({ name: '$_9', cookieName: 'sid' }), { name: '$_9', cookieName: 'sid' })
})

t.test('a store can bind itself to the cookie name', async (t) => {
  const bound = new MapStore()
  const names: string[] = []
  const store = Object.assign(new MapStore(), {
    forCookie: (name: string) => {
      names.push(name)
      return bound
    }
  })
  t.equal(resolve({ store, cookieName: 'sid' }).store, bound)
  t.same(names, ['sid'])
})

t.test('wrong combinations of options are refused, with the option and the remedy', async (t) => {
  const { read, write, remove } = MapStore.prototype
  const refused: [object, RegExp][] = [
    [{ storeTimeout: 0 }, /option "storeTimeout" must be at least 1 second: a request must not wait forever/],
    [{ storeTimeout: 0.5 }, /option "storeTimeout" must be a whole number of seconds/],
    [{ store: { read, write, remove, forCookie: async () => new MapStore() } }, /"store": forCookie\(\) must return/],
    [{ store: { read, write, remove, forCookie() {} } }, /"store": forCookie\(\) must return an object with read/],
    [{ lifetime: {} }, /"lifetime" has no part/],
    [{ lifetime: 5, rolling: true, absoluteLifetime: {} }, /"absoluteLifetime" has no part/],
    [{ lifetime: -1 }, /"lifetime" must not be negative/],
    [{ lifetime: { day: 1 } }, /"lifetime" has an unknown part "day"/],
    [{ lifetime: 1.5 }, /"lifetime" must be a whole number/],
    [{ rolling: true }, /"rolling" needs a "lifetime"/],
    [{ lifetime: 5, absoluteLifetime: 9 }, /"absoluteLifetime" needs "rolling", or "lifetime" 0/],
    [{ absoluteLifetime: 0 }, /"absoluteLifetime" must be at least 1 second/],
    [{ lifetime: 1_209_600_000 }, /"lifetime" is 1209600000 seconds, .* did you mean milliseconds\? .* write 1209600$/],
    [{ absoluteLifetime: { days: 401 } }, /"absoluteLifetime" is 34646400 seconds, but must be at most 400 days/],
    [
      { storeTimeout: 5_000 },
      /"storeTimeout" is 5000 seconds, but must be at most 10 minutes: did you mean milliseconds/
    ],
    [{ lifetime: 5, rolling: true, absoluteLifetime: 4 }, /"absoluteLifetime" must not be below "lifetime"/],
    [{ cookie: { sameSite: 'none', secure: false } }, /sameSite" 'none' needs option "cookie\.secure" to be true/],
    [{ cookie: { sameSite: 'none', secure: 'auto' } }, /needs option "cookie\.secure" to be true/],
    [{ cookie: { partitioned: true, secure: false } }, /"cookie\.partitioned" needs option "cookie\.secure"/],
    [{ cookieName: '__Secure-s', cookie: { secure: false } }, /__Secure- needs option "cookie\.secure"/],
    [{ cookieName: '__Host-s', cookie: { secure: false } }, /__Host- needs option "cookie\.secure"/],
    [{ cookieName: '__host-s', cookie: { secure: 'auto' } }, /__Host- needs option "cookie\.secure"/],
    [{ cookieName: '__Host-s', cookie: { domain: 'example.com' } }, /"cookie\.domain" must not be set with a __Host-/],
    [{ cookieName: '__Host-s', cookie: { path: '/app' } }, /"cookie\.path" must be "\/" with a __Host-/],
    [{ cookieName: '__Http-s', cookie: { secure: false } }, /__Http- needs option "cookie\.secure" to be true/],
    [
      { cookieName: '__Http-s', cookie: { httpOnly: false } },
      /__Http- needs option "cookie\.httpOnly" to be true, or an/
    ],
    [{ cookieName: '__hTTP-s', cookie: { secure: 'auto' } }, /__Http- needs option "cookie\.secure"/],
    [{ cookieName: '__Host-Http-s', cookie: { httpOnly: false } }, /__Host-Http- needs option "cookie\.httpOnly"/],
    [{ cookieName: '__host-http-s', cookie: { secure: false } }, /__Host-Http- needs option "cookie\.secure"/],
    [
      { cookieName: '__Host-Http-s', cookie: { domain: 'a.example' } },
      /"cookie\.domain" must not .* a __Host-Http- name/
    ],
    [{ cookieName: '__Host-Http-s', cookie: { path: '/app' } }, /"cookie\.path" must be "\/" with a __Host-Http- name/]
  ]
  for (const [options, message] of refused) {
    t.throws(() => resolve(options), { code: 'FST_SESSION_OPTIONS', message }, JSON.stringify(options))
  }
})

t.test('a prefix of the cookie name demands only the attributes that browsers demand', async (t) => {
  for (const [cookieName, cookie] of [
    ['__Http-s', { domain: 'example.com', path: '/app' }],
    ['__Host-Http-s', {}],
    ['__Host-s', { httpOnly: false }],
    ['__Secure-s', { httpOnly: false, path: '/app' }],
    ['__HttpOnly-s', { httpOnly: false, secure: false }],
    ['Http-s', { httpOnly: false, secure: false }]
  ] as const) {
    t.equal(resolve({ cookieName, cookie }).cookieName, cookieName)
  }
})

t.test('any value of an option is refused with its name, or gives a valid cookie', async (t) => {
  const app = Fastify()
  await app.register(fastifyCookie)
  t.teardown(() => app.close())
  const text = fc.string({ unit: 'binary-ascii' })
  const value = fc.oneof(
    fc.anything(),
    text,
    text.map((rest) => `/${rest}`),
    fc.domain(),
    fc.integer(),
    fc.nat(34_560_000)
  )
  const attributes = ['path', 'domain', 'sameSite', 'secure', 'httpOnly', 'partitioned', 'priority']
  const options = fc.oneof(
    fc.tuple(fc.constantFrom(...OPTIONS, 'livetime'), value).map(([name, held]) => ({ [name]: held })),
    fc.tuple(fc.constantFrom(...attributes, 'maxAge'), value).map(([name, held]) => ({ cookie: { [name]: held } }))
  )
  const taken = new Set<string>()
  fc.assert(
    fc.property(options, (options) => {
      const [name = '', held] = Object.entries(options)[0] ?? []
      try {
        const { cookieName, cookie } = resolve(options)
        cookieWriter(cookieName, cookie, app.serializeCookie).issue('id', 1, true)
        taken.add(name === 'cookie' ? `cookie.${Object.keys(Object(held))}` : name)
      } catch (error) {
        const { code, message } = error as Error & { code?: string }
        if (code !== 'FST_SESSION_OPTIONS' || !message.includes(`"${name}`)) throw error
      }
    }),
    { numRuns: 2_000 }
  )
  t.ok(
    ['lifetime', 'cookie.path', 'cookie.domain'].every((name) => taken.has(name)),
    [...taken].join(', ')
  )
})
