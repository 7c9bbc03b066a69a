import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { namesIn } from '../../lib/fastify/conflicts.ts'
import starsessions, { CookieStore, InMemoryStore, RedisStore } from '../../lib/index.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'

type Shape = { own?: StarsessionsOptions[]; below?: StarsessionsOptions[]; beside?: StarsessionsOptions[] }

/** An application with these registrations: in its own scope, in one below, and in another one below. */
async function application({ own = [], below = [], beside = [] }: Shape): Promise<FastifyInstance> {
  const app = Fastify()
  for (const options of own) app.register(starsessions, options)
  for (const inner of [below, beside]) {
    app.register(async (scope) => {
      for (const options of inner) scope.register(starsessions, options)
    })
  }
  await app.ready()
  await app.close()
  return app
}

const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
const store = new InMemoryStore()
const methodsOf = (store: SessionStore): SessionStore => ({
  read: (id, lifetime) => store.read(id, lifetime),
  write: (id, data, lifetime, ttl) => store.write(id, data, lifetime, ttl),
  remove: (id) => store.remove(id)
})

t.test('two cookie names are enough, whatever the stores have in common', async (t) => {
  const client = new Redis({ lazyConnect: true })
  const secretKey = 'thirty-two bytes of text, or more than that'
  const stores: (() => SessionStore)[] = [
    () => store,
    () => new RedisStore({ client }),
    () => new CookieStore({ secretKey, salt: 'the same for both' })
  ]
  for (const make of stores) {
    const [one, other] = [{ store: make() }, { store: make(), name: 'admin' }]
    await t.resolves(application({ own: [one, other] }))
    await t.resolves(application({ own: [one], below: [{ ...other, name: 'session', cookieName: 'inner' }] }))
    await t.resolves(application({ below: [one], beside: [other] }))
  }
})

t.test('one store under one cookie name is one session, with whatever lifetime', async (t) => {
  await t.resolves(application({ below: [{ store }], beside: [{ store }] }))
  await t.resolves(application({ own: [{ store }], below: [{ store, lifetime: 60 }], beside: [{ store }] }))
})

t.test('one cookie name and the same records, but another name, path or domain, is refused', async (t) => {
  const client = new Redis({ lazyConnect: true })
  const another = new Redis({ lazyConnect: true })
  const secretKey = 'thirty-two bytes of text, or more than that'
  const cookies = (options: object = {}) => new CookieStore({ secretKey, ...options })
  const samePrefix = (key: string) => `{all}${key}`
  const shared: [SessionStore, SessionStore][] = [
    [store, store],
    [new RedisStore({ client }), new RedisStore({ client })],
    [new RedisStore({ client }), new RedisStore({ client: another })],
    [new RedisStore({ client, prefix: samePrefix }), new RedisStore({ client, prefix: samePrefix })],
    [cookies(), cookies()],
    [cookies(), cookies({ secretKey: ['a new one, of thirty-two bytes or more', secretKey] })],
    [cookies({ salt: 'both' }), cookies({ salt: 'both' })]
  ]
  const message =
    /"cookieName": "sid" is also the cookie of another registration \(name "session", cookie\.path "\/shop"\), .* Set "cookieName" to another name, or give this one another store \(a RedisStore with another prefix, a CookieStore with another secretKey or salt\)\. If both are one session, pass the same store object and the same/
  for (const [store, otherStore] of shared) {
    const one = { store, cookieName: 'sid', cookie: { path: '/shop' } }
    for (const different of [
      { name: 'admin' },
      { cookie: { path: '/admin' } },
      { cookie: { domain: 'example.org' } }
    ]) {
      const other = { ...one, ...different, store: otherStore }
      await t.rejects(application({ below: [one], beside: [other] }), refused(message))
      await t.rejects(application({ own: [one], below: [other] }), refused(message))
    }
    const below = { ...one, store: otherStore, cookie: { path: '/shop/admin' } }
    await t.rejects(application({ own: [one], below: [below] }), refused(message))
  }
})

t.test('two stores that keep their records apart may have one cookie name, where the paths differ', async (t) => {
  const client = new Redis({ lazyConnect: true })
  const secretKey = 'thirty-two bytes of text, or more than that'
  const apart: [SessionStore, SessionStore][] = [
    [new InMemoryStore(), new InMemoryStore()],
    [new InMemoryStore(), new CookieStore({ secretKey })],
    [new RedisStore({ client }), new RedisStore({ client, prefix: 'admin.' })],
    [new RedisStore({ client }), new RedisStore({ client, hashIds: false })],
    [new CookieStore({ secretKey }), new CookieStore({ secretKey, salt: 'admin' })],
    [new CookieStore({ secretKey }), new CookieStore({ secretKey, digest: 'sha1' })]
  ]
  for (const [store, otherStore] of apart) {
    const below = { store: otherStore, cookie: { path: '/admin' } }
    await t.resolves(application({ own: [{ store }], below: [below] }))
    await t.resolves(application({ below: [{ store }], beside: [below] }))
  }
})

t.test('a store that binds itself to the cookie is one store under one cookie name', async (t) => {
  const bound = { ...methodsOf(new InMemoryStore()), forCookie: () => methodsOf(new InMemoryStore()) }
  await t.rejects(
    application({ below: [{ store: bound }], beside: [{ store: bound, cookie: { path: '/admin' } }] }),
    refused(/"cookieName": "session" is also the cookie of another registration/)
  )
  await t.resolves(application({ own: [{ store: bound }, { store: bound, name: 'admin' }] }))
})

t.test('two sessions of one scope need two cookies', async (t) => {
  const message =
    /"cookieName": "sid" is also the cookie of the session "session" of this scope or one around it\. Set "cookieName" to another name$/
  const admin = { name: 'admin', cookieName: 'sid' }
  await t.rejects(application({ own: [{ cookieName: 'sid' }, admin] }), refused(message))
  await t.rejects(application({ own: [{ cookieName: 'sid' }], below: [admin] }), refused(message))
  const below = { ...admin, cookie: { path: '/admin' } }
  await t.rejects(application({ own: [{ cookieName: 'sid' }], below: [below] }), refused(message))
})

t.test(
  'a nested registration of the same name may have the same cookie only where the browser tells them apart',
  async (t) => {
    const message =
      /"session" is also the cookie .*\. Set "cookieName" to another name, or "cookie\.path" to a path below\. If both are one session, pass the same store object/
    const at = (path: string) => ({ cookie: { path } })
    await t.rejects(application({ own: [{}], below: [{}] }), refused(message))
    await t.rejects(application({ own: [at('/app')], below: [at('/')] }), refused(message))
    await t.rejects(application({ own: [at('/app')], below: [at('/apple')] }), refused(message))
    await t.rejects(application({ own: [at('/app')], below: [at('/app/')] }), refused(message))
    await t.resolves(application({ own: [at('/')], below: [at('/app')] }))
    await t.resolves(application({ own: [at('/app/')], below: [at('/app/x')] }))
    await t.resolves(application({ own: [{ store }], below: [{ store, lifetime: 60 }] }))
  }
)

t.test('an outer registration that comes after the inner one is held to the same', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(starsessions)
  })
  await t.rejects(async () => app.register(starsessions), refused(/"session" is also the cookie/))
})

t.test('siblings keep out of each other’s way: nobody knows which hosts and paths they serve', async (t) => {
  await t.resolves(application({ below: [{}], beside: [{}] }))
})

t.test('a scope has the sessions of its own and of the scopes around it', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.same(namesIn(app), [])
  await app.register(starsessions)
  await app.register(async (scope) => {
    await scope.register(starsessions, { name: 'admin' })
    await scope.register(starsessions, { cookieName: 'inner' })
    t.same(namesIn(scope), ['session', 'admin'])
  })
  t.same(namesIn(app), ['session'])
})
