import t from 'tap'
import { isStore, validated } from '../../lib/fastify/options-schema.ts'
import { MapStore } from '../support/map-store.ts'

t.test('what the schema has a default for is set', async (t) => {
  t.same(validated({}), {
    lifetime: 0,
    rolling: false,
    cookie: { path: '/', sameSite: 'lax', secure: true, httpOnly: true, partitioned: false },
    autoload: false,
    concurrency: 'merge',
    storeTimeout: 5,
    name: 'session'
  })
})

t.test('a store has three methods, and what else it has of the interface are methods, too', async (t) => {
  t.equal(isStore(new MapStore()), true)
  t.equal(isStore(Object.assign(new MapStore(), { touch: undefined })), true)
  t.equal(isStore(Object.assign(new MapStore(), { replace: true })), false)
  t.equal(isStore({}), false)
  t.equal(isStore(null), false)
})

t.test('each refusal names the option and the remedy', async (t) => {
  const { read, write, remove } = MapStore.prototype
  const refused: [object, RegExp][] = [
    [{ storeTimeout: '5' }, /option "storeTimeout" must be seconds, at least 1/],
    [{ livetime: 5 }, /unknown option "livetime": did you mean "lifetime"\? Known are store, lifetime/],
    [{ cookie: { samesite: 'lax' } }, /unknown option "cookie\.samesite": did you mean "cookie\.sameSite"/],
    [{ maxAge: 5 }, /unknown option "maxAge": it is "lifetime" here, in seconds\. Known are store, lifetime/],
    [{ ttl: 5 }, /unknown option "ttl": it is "lifetime" here/],
    [{ cookie: { maxAge: 5 } }, /unknown option "cookie\.maxAge": it is "lifetime" here, beside "cookie"/],
    [{ cookie: { expires: 5 } }, /unknown option "cookie\.expires": it is "lifetime" here/],
    [{ secret: 'x' }, /unknown option "secret": only a CookieStore needs a secret, `store: new CookieStore/],
    [{ saveUninitialized: false }, /unknown option "saveUninitialized": leave it out/],
    [{ resave: false }, /unknown option "resave": leave it out/],
    [{ store: {} }, /"store" must be an object with read, write and remove/],
    [{ store: null }, /"store" must be/],
    [{ store: { read, write } }, /"store" must be/],
    [{ store: { read, write, remove, touch: 1 } }, /"store" must be/],
    [{ store: 'redis' }, /"store" must be/],
    [{ lifetime: '1d' }, /"lifetime" must be seconds, or \{ days: 14 \}/],
    [{ lifetime: null }, /"lifetime" must be/],
    [{ rolling: 1 }, /"rolling" must be true or false/],
    [{ lifetime: 5, rolling: true, absoluteLifetime: 'x' }, /"absoluteLifetime" must be/],
    [{ cookieName: '' }, /"cookieName" must be a token/],
    [{ cookieName: 'a b' }, /"cookieName" must be a token/],
    [{ cookieName: 'a;b' }, /"cookieName" must be a token/],
    [{ cookieName: 'a\r\nb' }, /"cookieName" must be a token/],
    [{ cookieName: 'a\n' }, /"cookieName" must be a token/],
    [{ cookieName: 'sé' }, /"cookieName" must be a token/],
    [{ cookieName: 5 }, /"cookieName" must be a token/],
    [{ name: '' }, /"name" must be an identifier of at most 64 characters: 'admin' gives request\.admin/],
    [{ name: 'my-admin' }, /"name" must be an identifier/],
    [{ name: '1st' }, /"name" must be an identifier/],
    [{ name: 'a'.repeat(65) }, /"name" must be an identifier/],
    [{ name: Symbol('admin') }, /"name" must be an identifier/],
    [{ cookie: true }, /"cookie" must be an object/],
    [{ cookie: [] }, /"cookie" must be an object/],
    [{ cookie: null }, /"cookie" must be an object/],
    [{ cookie: { path: 'app' } }, /"cookie\.path" must be a path that begins with "\/"/],
    [{ cookie: { path: '/;x' } }, /"cookie\.path" must be/],
    [{ cookie: { path: '/\r\n' } }, /"cookie\.path" must be/],
    [{ cookie: { path: '/\0' } }, /"cookie\.path" must be/],
    [{ cookie: { domain: 'a;b' } }, /"cookie\.domain" must be/],
    [{ cookie: { domain: 'a\nb' } }, /"cookie\.domain" must be/],
    [{ cookie: { domain: '' } }, /"cookie\.domain" must be/],
    [{ cookie: { domain: 5 } }, /"cookie\.domain" must be/],
    [
      { cookie: { domain: 'https://example.com' } },
      /"cookie\.domain" must be a host name such as example\.com, without/
    ],
    [{ cookie: { domain: 'example.com:80' } }, /"cookie\.domain" must be/],
    [{ cookie: { domain: 'a b' } }, /"cookie\.domain" must be/],
    [{ cookie: { domain: '-a.example' } }, /"cookie\.domain" must be/],
    [{ cookie: { path: '/<x>' } }, /"cookie\.path" must be/],
    [{ cookie: { sameSite: 'Lax' } }, /"cookie\.sameSite" must be 'lax', 'strict' or 'none'/],
    [{ cookie: { sameSite: true } }, /"cookie\.sameSite" must be/],
    [{ cookie: { secure: 'always' } }, /"cookie\.secure" must be true, false or 'auto'/],
    [{ cookie: { httpOnly: 1 } }, /"cookie\.httpOnly" must be true or false/],
    [{ cookie: { partitioned: 'x' } }, /"cookie\.partitioned" must be true or false/],
    [{ cookie: { priority: 'top' } }, /"cookie\.priority" must be 'low', 'medium' or 'high'/],
    [{ autoload: 'x' }, /"autoload" must be true, false, or a list of RegExps and of path prefixes/],
    [{ autoload: ['/app/*'] }, /"autoload" must be .* stand for all below, too: they have no "\*", "\?" and "#"/],
    [{ autoload: ['/a?b'] }, /"autoload" must be/],
    [{ autoload: ['/a#b'] }, /"autoload" must be/],
    [{ autoload: ['app'] }, /"autoload" must be/],
    [{ autoload: [5] }, /"autoload" must be/],
    [{ autoload: [{}] }, /"autoload" must be/],
    [{ serializer: {} }, /"serializer" must be an object with serialize and deserialize/],
    [{ serializer: JSON }, /"serializer" must be/],
    [{ encryptor: { encrypt() {} } }, /"encryptor" must be an object with encrypt and decrypt/]
  ]
  for (const [options, message] of refused) {
    t.throws(() => validated(options), { code: 'FST_SESSION_OPTIONS', message }, JSON.stringify(options))
  }
})
