import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { namesIn } from '../lib/encapsulation.ts'
import starsessions, { CookieStore, InMemoryStore, RedisStore } from '../lib/index.ts'
import type { StarsessionsOptions } from '../types/options.ts'

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

t.test(
  'one store under two cookie names is refused, wherever in the application: ids would open in both',
  async (t) => {
    const one = { store, cookieName: 'one' }
    const other = { name: 'admin', store, cookieName: 'other' }
    const message =
      /"store": a cookie "one" of the session "session" of another registration would open in this one: pass a store of its own \(a RedisStore: with a prefix of its own; a CookieStore: with a secretKey or a salt of its own\)/
    await t.rejects(application({ own: [one, other] }), refused(message))
    await t.rejects(application({ own: [one], below: [other] }), refused(message))
    await t.rejects(application({ below: [one], beside: [other] }), refused(message))
  }
)

t.test(
  'one store under one cookie name is one session, and in another application it is no business of ours',
  async (t) => {
    await t.resolves(application({ below: [{ store }], beside: [{ store }] }))
    await t.resolves(application({ own: [{ store, cookieName: 'elsewhere' }] }))
  }
)

t.test(
  'one store and one cookie name, but another name, path or domain, is refused: it looks like two sessions',
  async (t) => {
    const secretKey = 'thirty-two bytes of text, or more than that'
    for (const store of [new InMemoryStore(), new CookieStore({ secretKey })]) {
      const one = { store, cookieName: 'sid' }
      for (const other of [
        { ...one, name: 'admin' },
        { ...one, cookie: { path: '/admin' } },
        { ...one, cookie: { domain: 'example.org' } }
      ]) {
        const shop = { ...one, cookie: { path: '/shop' } }
        await t.rejects(
          application({ below: [one], beside: [other] }),
          refused(/"store": a cookie "sid" .* would open/)
        )
        await t.rejects(
          application({ below: [shop], beside: [other] }),
          refused(/"store": a cookie "sid" .* would open/)
        )
      }
      await t.rejects(application({ own: [one], below: [{ ...one, cookie: { path: '/admin' } }] }), refused(/"store"/))
      await t.resolves(application({ own: [one], below: [{ ...one, lifetime: 60 }], beside: [one] }))
    }
  }
)

t.test('two RedisStores that write to the same keys are one store', async (t) => {
  const client = new Redis({ lazyConnect: true })
  const another = new Redis({ lazyConnect: true })
  const make = (options: object = {}) => new RedisStore({ client, ...options })
  const session = { store: make() }
  await t.rejects(
    application({ own: [session, { name: 'admin', store: make() }] }),
    refused(/"store": a cookie "session" of the session "session" of another registration would open in this one/)
  )
  const same = { name: 'admin', store: make({ prefix: () => 'one key for all' }) }
  await t.rejects(
    application({ below: [{ store: make({ prefix: () => 'one key for all' }) }], beside: [same] }),
    refused(/"store"/)
  )
  for (const options of [{ prefix: 'admin.' }, { hashIds: false }, { client: another }]) {
    await t.resolves(application({ own: [session, { name: 'admin', store: make(options) }] }))
  }
  await t.resolves(application({ below: [session], beside: [session] }), 'the same session')
})

t.test('a store that binds itself to the cookie serves several', async (t) => {
  const signed = new CookieStore({ secretKey: 'thirty-two bytes of text, or more than that' })
  await t.resolves(application({ own: [{ store: signed }, { store: signed, name: 'admin' }] }))
})

t.test('two CookieStores of one secret are refused where a cookie of the one would open in the other', async (t) => {
  const secretKey = 'thirty-two bytes of text, or more than that'
  const make = (options: object = {}) => new CookieStore({ secretKey, ...options })
  const message =
    /"store": a cookie "session" of the session "session" of another registration would open in this one: .* the same session, the same store object/
  const outer = { store: make() }
  const inner = { store: make(), cookie: { path: '/admin' } }
  await t.rejects(application({ own: [outer], below: [inner] }), refused(message))
  await t.rejects(application({ below: [outer], beside: [inner] }), refused(message))
  const rotated = { ...inner, store: make({ secretKey: ['a new one, of thirty-two bytes or more', secretKey] }) }
  await t.rejects(application({ own: [outer], below: [rotated] }), refused(message))
  const salt = 'the same for both'
  const salted = [{ store: make({ salt }) }, { name: 'admin', store: make({ salt }) }]
  await t.rejects(application({ own: salted }), refused(/a cookie "session" of the session "session"/))
  const shared = make({ salt })
  await t.rejects(application({ own: [{ store: shared }, { store: shared, name: 'admin' }] }), refused(/would open/))

  await t.resolves(application({ own: [outer], below: [{ ...inner, cookieName: 'admin' }] }))
  await t.resolves(application({ own: [outer], below: [{ ...inner, store: make({ salt: 'admin' }) }] }))
  await t.resolves(application({ own: [outer], below: [{ ...inner, store: make({ digest: 'sha1' }) }] }))
  await t.resolves(application({ own: [outer], below: [{ ...outer, lifetime: 60 }] }), 'the same session')
  await t.resolves(application({ own: [outer], below: [{ cookie: { path: '/admin' } }] }), 'of different kinds')
})

t.test('two sessions of one scope need two cookies', async (t) => {
  const message =
    /"cookieName": "sid" is the cookie of the session "session" of this scope or one around it: set it to another name$/
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
      /"session" is the cookie .*: set it to another name, or option "cookie\.path" to a path below, or pass the same store/
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
  await t.rejects(async () => app.register(starsessions), refused(/"session" is the cookie/))
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
