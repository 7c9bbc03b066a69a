import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { namesIn } from '../../lib/fastify/conflicts.ts'
import starsessions, { CookieStore, InMemoryStore, RedisStore } from '../../lib/index.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { MapStore } from '../support/map-store.ts'

type Shape = { own?: StarsessionsOptions[]; below?: StarsessionsOptions[]; beside?: StarsessionsOptions[] }

/** An application with registrations in its own scope, in a scope below, and in a second scope below. */
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

t.test('registrations with two cookie names are accepted, even if they share a store', async (t) => {
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

t.test('two registrations of one store and one cookie name are one session, even with other lifetimes', async (t) => {
  await t.resolves(application({ below: [{ store }], beside: [{ store }] }))
  await t.resolves(application({ own: [{ store }], below: [{ store, lifetime: 60 }], beside: [{ store }] }))
})

t.test('one cookie name over the same records is refused, if name, path or domain differ', async (t) => {
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

t.test('two stores with separate records can have one cookie name, if the paths differ', async (t) => {
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

t.test('a store with forCookie() that is registered twice with one cookie name counts as one store', async (t) => {
  const bound = { ...methodsOf(new InMemoryStore()), forCookie: () => methodsOf(new InMemoryStore()) }
  await t.rejects(
    application({ below: [{ store: bound }], beside: [{ store: bound, cookie: { path: '/admin' } }] }),
    refused(/"cookieName": "session" is also the cookie of another registration/)
  )
  await t.resolves(application({ own: [{ store: bound }, { store: bound, name: 'admin' }] }))
})

/** A store of the application. Two stores can use the same table. */
class TableStore extends MapStore {
  readonly table: string

  constructor(table: string) {
    super()
    this.table = table
  }

  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof TableStore && other.table === this.table
  }
}

const besideAtAdmin = (store: SessionStore, other: SessionStore) =>
  application({ below: [{ store }], beside: [{ store: other, cookie: { path: '/admin' } }] })

t.test('stores of the application say themselves whether they share their records', async (t) => {
  const shared = refused(/"cookieName": "session" is also the cookie of another registration/)
  await t.rejects(besideAtAdmin(new TableStore('sessions'), new TableStore('sessions')), shared)
  await t.resolves(besideAtAdmin(new TableStore('sessions'), new TableStore('admin')))
  await t.resolves(besideAtAdmin(new TableStore('sessions'), new MapStore()), 'a store of another kind')
  const one = { store: new TableStore('sessions') }
  await t.resolves(
    application({ own: [one, { store: new TableStore('sessions'), name: 'admin' }] }),
    'two cookie names'
  )
  await t.resolves(application({ below: [one], beside: [{ ...one, lifetime: 60 }] }), 'one session')
})

t.test('both stores are asked whether they share records, and one yes is enough', async (t) => {
  const shared = refused(/both stores find the same records/)
  const inner = new TableStore('sessions')
  const wrapper = Object.assign(methodsOf(inner), {
    sharesRecordsWith: (other: SessionStore) => other === inner || inner.sharesRecordsWith(other)
  })
  await t.rejects(besideAtAdmin(inner, wrapper), shared)
  await t.rejects(besideAtAdmin(wrapper, inner), shared)
  await t.rejects(besideAtAdmin(wrapper, new TableStore('sessions')), shared)
  await t.resolves(besideAtAdmin(wrapper, new TableStore('admin')))
})

t.test('stores are compared after they were bound to the cookie', async (t) => {
  const shared = refused(/both stores find the same records/)
  const binding = (table: string) => ({
    ...methodsOf(new MapStore()),
    sharesRecordsWith: () => t.fail('only bound stores are asked'),
    forCookie: (cookieName: string) => new TableStore(`${table}.${cookieName}`)
  })
  await t.rejects(besideAtAdmin(binding('a'), binding('a')), shared)
  await t.resolves(besideAtAdmin(binding('a'), binding('b')))
  const bound = new MapStore()
  const toOne = () => ({ ...methodsOf(new MapStore()), forCookie: () => bound })
  await t.rejects(besideAtAdmin(toOne(), toOne()), shared, 'two stores are bound to the same store')
})

t.test('a Proxy around a store counts as sharing, because its store cannot be seen', async (t) => {
  const shared = refused(/both stores find the same records/)
  const client = new Redis({ lazyConnect: true })
  const bindMethods = <T extends object>(store: T): T =>
    new Proxy(store, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' && key !== 'constructor' ? value.bind(target) : value
      }
    })
  const wrapped = bindMethods(new RedisStore({ client }))
  await t.rejects(besideAtAdmin(wrapped, new RedisStore({ client })), shared)
  await t.rejects(besideAtAdmin(wrapped, bindMethods(new RedisStore({ client }))), shared)
  const cookies = new CookieStore({ secretKey: 'thirty-two bytes of text, or more than that' })
  t.equal(cookies.sharesRecordsWith(bindMethods(cookies)), true)
})

t.test('sharesRecordsWith() must return true or false', async (t) => {
  const answering = (sharesRecordsWith: () => unknown) =>
    Object.assign(methodsOf(new MapStore()), { sharesRecordsWith }) as unknown as SessionStore
  const must = 'option "store": sharesRecordsWith() must return true or false, but'
  const wrong: [() => unknown, string][] = [
    [() => undefined, `${must} returned undefined`],
    [() => null, `${must} returned object`],
    [() => 'yes', `${must} returned string`],
    [async () => true, `${must} returned a promise`],
    [() => Promise.reject(new Error('nobody waits for it')), `${must} returned a promise`]
  ]
  for (const [method, message] of wrong) {
    await t.rejects(besideAtAdmin(answering(method), new MapStore()), { code: 'FST_SESSION_OPTIONS', message })
    await t.rejects(besideAtAdmin(new MapStore(), answering(method)), { code: 'FST_SESSION_OPTIONS', message })
  }
  const cause = new Error('the table is locked')
  const failing = answering(() => {
    throw cause
  })
  await t.rejects(besideAtAdmin(failing, store), { code: 'FST_SESSION_OPTIONS', message: `${must} threw`, cause })
  const notAMethod = { ...methodsOf(store), sharesRecordsWith: true } as unknown as SessionStore
  await t.rejects(application({ own: [{ store: notAMethod }] }), { code: 'FST_SESSION_OPTIONS' })
  await t.resolves(application({ own: [{ store: failing }] }), 'without a second registration it is not asked')
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

t.test('a nested registration can have the same cookie name only with a path below', async (t) => {
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
})

t.test('an outer registration after the inner one is checked in the same way', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(starsessions)
  })
  await t.rejects(async () => app.register(starsessions), refused(/"session" is also the cookie/))
})

t.test('siblings can have the same cookie name, because they may serve different hosts or paths', async (t) => {
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
