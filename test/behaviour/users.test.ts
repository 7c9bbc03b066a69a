import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import { RedisSessions } from '../../lib/stores/redis-sessions.ts'
import { SqliteStore } from '../../lib/stores/sqlite.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { startRedis } from '../support/redis-server.ts'

const server = await startRedis()
const client = new Redis(server.port)
t.teardown(async () => {
  client.disconnect()
  await server.stop()
})

const secretKey = 'a secret of at least thirty-two bytes'
const STORES: Readonly<Record<string, () => SessionStore>> = {
  memory: () => new InMemoryStore(),
  SQLite: () => new SqliteStore({ database: new Database(':memory:') }).createTable(),
  Redis: () => new RedisStore({ client }),
  'cookies with a list in Redis': () => new CookieStore({ secretKey, byUser: new RedisSessions({ client }) })
}

/** Runs the test with each store. */
function over(
  title: string,
  body: (t: Test, store: () => SessionStore, isCookie: boolean) => Promise<void>,
  names = Object.keys(STORES)
): void {
  for (const name of names) {
    t.test(`${title} (${name})`, async (t) => {
      await client.flushall()
      await body(t, STORES[name]!, name.startsWith('cookies'))
    })
  }
}
const ON_SERVER = ['memory', 'SQLite', 'Redis']

const read: Handler = (session) => ({ data: session.data(), user: session.userId ?? null })
const bind =
  (userId: string, about?: Parameters<Session['bindTo']>[1]): Handler =>
  (session) => {
    session.bindTo(userId, about)
    return { id: session.id ?? null, handle: session.handle }
  }
const NOBODY = { data: {}, user: null }

async function start(t: Test, options: StarsessionsOptions) {
  const test = await testApp(t, options)
  return {
    ...test,
    of: (user = 'ada') => test.app.sessionsOf(user),
    async login(user = 'ada', about?: Parameters<Session['bindTo']>[1], cookie?: string) {
      const answer = await test.send(cookie, bind(user, about))
      return { ...answer, handle: (answer.body as { handle: string }).handle }
    }
  }
}

over('a login is listed with its label, and the session knows its user', async (t, store) => {
  const { send, login, of } = await start(t, { store: store() })
  const before = Date.now()
  const label = { device: 'Firefox on Linux', at: 'Ulm' }
  const { cookie, handle, status } = await login('ada', { label })
  t.equal(status, 200)
  t.match(handle, /^[\w-]{16}$/)
  const [listed, ...others] = await of().list()
  t.same(others, [])
  t.equal(listed?.handle, handle)
  t.same(listed?.label, label)
  const year = 365 * 86_400_000
  t.ok(Number(listed?.authenticatedAt) >= before && Number(listed?.authenticatedAt) <= Date.now())
  t.ok(Number(listed?.endsAt) > Date.now() + year)
  t.equal(listed?.lastSeen, undefined)
  const { body } = await send(cookie, (session) => ({
    user: session.userId,
    handle: session.handle,
    since: session.authenticatedAt?.getTime(),
    data: session.data(),
    fresh: [session.isFresh(60), session.isFresh({ minutes: 5 })]
  }))
  t.same(body, { user: 'ada', handle, since: listed?.authenticatedAt.getTime(), data: {}, fresh: [true, true] })
  t.same(await of('bob').list(), [])
})

over('end() ends one session, endAll() all others or all', async (t, store) => {
  const { send, login, of } = await start(t, { store: store() })
  const [a, b, c] = [await login(), await login(), await login()]
  const alive = async () =>
    Promise.all([a, b, c].map(async ({ cookie }) => (await send(cookie, (session) => session.userId === 'ada')).body))
  t.equal(await of().end(a.handle), true)
  t.same(await alive(), [false, true, true])
  t.equal(await of().end(a.handle), false)
  t.equal(await of('bob').end(b.handle), false, 'it is no session of that user')
  t.equal(await of().endAll({ except: b.handle }), 1)
  t.same(await alive(), [false, true, false])
  t.equal(await of().endAll(), 1)
  t.same(await alive(), [false, false, false])
  t.equal(await of().endAll(), 0)
  t.same(await of().list(), [])
  t.same((await send(a.cookie, read)).body, NOBODY)
})

over('a login over an anonymous session keeps its data under a new id', async (t, store, isCookie) => {
  const { send, login, of } = await start(t, { store: store() })
  const { cookie } = await send(undefined, (session) => void (session.cart = ['book']))
  const { cookie: bound } = await login('ada', undefined, cookie)
  t.not(cookieValue(bound), cookieValue(cookie))
  t.same((await send(bound, read)).body, { data: { cart: ['book'] }, user: 'ada' })
  if (!isCookie) t.same((await send(cookie, read)).body, NOBODY, 'the old id is dead')
  t.equal((await of().list()).length, 1)
})

over('logging in again keeps the handle and renews the time', async (t, store, isCookie) => {
  const { send, login, of } = await start(t, { store: store() })
  const long = new Date(Date.now() - 600_000)
  const first = await login('ada', { authenticatedAt: long, label: 'laptop' })
  t.same((await send(first.cookie, (session) => session.isFresh({ minutes: 5 }))).body, false)
  const second = await login('ada', undefined, first.cookie)
  t.equal(second.handle, first.handle)
  t.same((await send(second.cookie, (session) => session.isFresh({ minutes: 5 }))).body, true)
  const listed = await of().list()
  t.same(
    listed.map(({ handle, label }) => ({ handle, label })),
    [{ handle: first.handle, label: 'laptop' }]
  )
  if (!isCookie) t.same((await send(first.cookie, read)).body, NOBODY)
  await login('ada', { label: 'phone' }, second.cookie)
  t.equal((await of().list())[0]?.label, 'phone')
})

over('a logout, clear() and another user leave the list', async (t, store) => {
  const { send, login, of } = await start(t, { store: store() })
  const ends: Handler[] = [
    (session) => session.destroy(),
    (session) => session.clear(),
    (session) => {
      session.clear()
      session.cart = 1
    },
    async (session) => {
      await session.regenerate()
      session.cart = 1
    },
    (session) => session.bindTo('bob')
  ]
  for (const [index, end] of ends.entries()) {
    const { cookie } = await login()
    t.equal((await of().list()).length, 1)
    const ended = await send(cookie, end)
    t.equal(ended.status, 200)
    while ((await of().list()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const now = (await send(ended.cookie, read)).body as { user: string | null }
    t.equal(now.user, index === 4 ? 'bob' : null)
  }
  t.equal((await of('bob').list()).length, 1)
})

over('a new id keeps the session in the list, and endAll() finds it', async (t, store) => {
  const { send, login, of } = await start(t, { store: store() })
  const { cookie, handle } = await login()
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.not(rotated.cookie, cookie)
  t.same(
    (await of().list()).map((listed) => listed.handle),
    [handle]
  )
  t.equal(await of().endAll(), 1)
  for (const one of [cookie, rotated.cookie]) t.same((await send(one, read)).body, NOBODY)
})

over(
  'what a request that is under way does with an ended session is refused',
  async (t, store) => {
    const { send, login, of } = await start(t, { store: store() })
    const changes: Handler[] = [
      (session) => void (session.n = 1),
      (session) => session.regenerateId(),
      (session) => session.bindTo('ada'),
      (session) => session.update((newest) => void (newest.n = 1))
    ]
    for (const change of changes) {
      const { cookie } = await login()
      const answer = await send(cookie, async (session, request) => {
        await of().endAll()
        return change(session, request)
      })
      t.equal(answer.status, 409)
      t.match(answer.body, { code: 'FST_SESSION_GONE' })
      t.same(answer.lines, [])
      t.same((await send(cookie, read)).body, NOBODY)
      t.same(await of().list(), [])
    }
    const { cookie } = await login()
    const reader = await send(cookie, async (session) => {
      await of().endAll()
      return { n: session.n ?? null }
    })
    t.same([reader.status, reader.lines], [200, []], 'who only reads is answered')
  },
  ON_SERVER
)

over('a login whose password was checked before endAll() is refused, a later one is not', async (t, store) => {
  const { login, of, send } = await start(t, { store: store() })
  const { cookie } = await send(undefined, (session) => void (session.cart = 1))
  const authenticatedAt = new Date(Date.now() - 10)
  await of().endAll()
  const late = await login('ada', { authenticatedAt }, cookie)
  t.equal(late.status, 409)
  t.match(late.body, { code: 'FST_SESSION_GONE' })
  t.same(late.lines, [])
  t.same(await of().list(), [])
  t.same((await send(cookie, read)).body, { data: { cart: 1 }, user: null }, 'the anonymous session stays')
  t.equal((await login('ada', undefined, cookie)).status, 200)
  t.equal((await of().list()).length, 1)
})

over('the limit ends the session with the oldest login, and says so once', async (t, store) => {
  const { login, of, send, problems } = await start(t, { store: store(), perUser: { max: 2 } })
  const logins = []
  const begin = Date.now() - 10
  for (let index = 0; index < 4; index++) {
    logins.push(await login('ada', { authenticatedAt: new Date(begin + index) }))
  }
  t.same(
    (await of().list()).map(({ handle }) => handle),
    [logins[3]!.handle, logins[2]!.handle],
    'the newest login first'
  )
  t.same((await send(logins[0]!.cookie, read)).body, NOBODY)
  t.same(
    problems().map(({ msg }) => /too many sessions/.test(msg)),
    [true]
  )
})

over('with refuse, a login above the limit is a 409 and stores nothing', async (t, store) => {
  const { login, of, send } = await start(t, { store: store(), perUser: { max: 1, whenFull: 'refuse' } })
  const first = await login()
  const second = await login()
  t.equal(second.status, 409)
  t.match(second.body, { code: 'FST_SESSION_LIMIT' })
  t.same(second.lines, [])
  t.equal((await login('ada', undefined, first.cookie)).status, 200, 'the same session can log in again')
  t.equal((await of().list()).length, 1)
  t.equal((await login('bob')).status, 200)
  await send(first.cookie, (session) => session.destroy())
  await of().endAll()
  t.equal((await login()).status, 200)
})

over('a session of a user is stored without data, and clear() ends it', async (t, store) => {
  const { send, login } = await start(t, { store: store() })
  const { cookie } = await login()
  t.same((await send(cookie, (session) => [session.isNew, session.isEmpty])).body, [false, true])
  const changed = await send(cookie, (session) => void (session.a = 1))
  const emptied = await send(changed.cookie, (session) => void delete session.a)
  t.same((await send(emptied.cookie, read)).body, { data: {}, user: 'ada' })
  const cleared = await send(emptied.cookie, (session) => session.clear())
  t.equal(cleared.cookie, undefined)
})

over('a label is encrypted as data are, and cannot be read with another key', async (t, store) => {
  const [key, other] = [AESGCMEncryptor.generateKey(), AESGCMEncryptor.generateKey()]
  const shared = store()
  const { login, of } = await start(t, { store: shared, encryptor: new AESGCMEncryptor(key) })
  await login('ada-lovelace', { label: 'a very private label' })
  t.equal((await of('ada-lovelace').list())[0]?.label, 'a very private label')
  const dump = []
  for (const name of await client.keys('*')) {
    const type = await client.type(name)
    dump.push(name, ...(type === 'hash' ? Object.values(await client.hgetall(name)) : [await client.get(name)]))
  }
  t.notMatch(dump.join(), /private|lovelace/)
  const wrong = await start(t, { store: shared, encryptor: new AESGCMEncryptor(other) })
  const listed = await wrong.of('ada-lovelace').list()
  t.same(
    listed.map(({ label }) => label),
    [undefined],
    'the list still shows the session'
  )
})

over(
  'two registrations over one store have separate lists',
  async (t, store) => {
    const shared = store()
    const { app, login, of } = await start(t, { store: shared })
    await login()
    const other = await testApp(t, { store: shared, name: 'admin' }, undefined)
    t.same(await (other.app as unknown as { adminSessionsOf: typeof app.sessionsOf }).adminSessionsOf('ada').list(), [])
    t.equal((await of().list()).length, 1)
  },
  ON_SERVER
)

t.test('the end of a session is fixed when it is bound, and enforced', async (t) => {
  const hour = 3_600
  for (const [options, seconds] of [
    [{ lifetime: hour }, hour],
    [{ lifetime: hour, rolling: true, absoluteLifetime: 5 * hour }, 5 * hour],
    [{ lifetime: hour, rolling: true }, 400 * 86_400],
    [{ lifetime: 0 }, 400 * 86_400],
    [{ lifetime: 0, absoluteLifetime: hour }, hour]
  ] as const) {
    const { login, of } = await start(t, { store: new InMemoryStore(), ...options })
    await login()
    const [listed] = await of().list()
    t.ok(Math.abs(Number(listed?.endsAt) - Date.now() - seconds * 1000) < 2_000, JSON.stringify(options))
  }
})

over(
  'a rolling session shows when it was last seen',
  async (t, store) => {
    const { login, of, send } = await start(t, { store: store(), lifetime: 60, rolling: true })
    const { cookie } = await login()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = Date.now()
    await send(cookie, read)
    const [listed] = await of().list()
    t.ok(Number(listed?.lastSeen) >= before - 5 && Number(listed?.lastSeen) <= Date.now())
  },
  // SQLite prolongs a session a little later, to save writes.
  ['memory', 'Redis']
)

const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })

t.test('wrong arguments are refused, and nothing is written', async (t) => {
  const store = new InMemoryStore()
  const { app, send, of } = await start(t, { store })
  const ids: [unknown, RegExp][] = [
    [7, /String\(user\.id\)/],
    [null, /String\(user\.id\)/],
    [undefined, /String\(user\.id\)/],
    [{}, /String\(user\.id\)/],
    ['', /is empty/],
    ['x'.repeat(1_001), /1001 characters/]
  ]
  const abouts: [unknown, RegExp][] = [
    [null, /must be an object/],
    ['laptop', /must be an object/],
    [new Date(), /must be an object/],
    [{ lable: 1 }, /unknown key "lable"/],
    [{ authenticatedAt: Date.now() }, /must be a valid Date/],
    [{ authenticatedAt: new Date('never') }, /must be a valid Date/],
    [{ label: 'x'.repeat(511) }, /label has 513 bytes/],
    [{ label: 1n }, /refuses the label/]
  ]
  const { status } = await send(undefined, (session) => {
    for (const [id, message] of ids) t.throws(() => session.bindTo(id as string), refused(message))
    for (const [about, message] of abouts) t.throws(() => session.bindTo('ada', about as never), refused(message))
    t.throws(() => session.isFresh('5m' as never), refused(/session\.isFresh\(\)/))
    t.same(
      [session.userId, session.handle, session.authenticatedAt, session.isFresh(1)],
      [undefined, undefined, undefined, false]
    )
    for (const member of ['userId', 'handle', 'authenticatedAt', 'ended', 'bindTo', 'isFresh']) {
      t.throws(() => Object.assign(session, { [member]: 1 }), { code: 'FST_SESSION_KEY' })
    }
  })
  t.equal(status, 200)
  t.equal(store.size, 0)
  for (const [id, message] of ids) t.throws(() => app.sessionsOf(id as string), refused(message))
  for (const handle of ['', 'short', 7, undefined, null, 'x'.repeat(17), 'spaces in handle']) {
    await t.rejects(of().end(handle as string), refused(/takes the handle of a session/))
    if (handle !== undefined) {
      await t.rejects(of().endAll({ except: handle as string }), refused(/endAll\({ except }\) takes the handle/))
    }
  }
  await t.rejects(of().endAll({ expect: 'x' } as never), refused(/unknown option "expect": did you mean "except"/))
  t.equal((await send(undefined, (session) => session.bindTo('ada', { label: 'x'.repeat(510) }))).status, 200)
})

t.test('a store that cannot list refuses, and names the stores that can', async (t) => {
  for (const store of [new MapStore(), new CookieStore({ secretKey })]) {
    const { app, send } = await start(t, { store })
    const { status } = await send(undefined, (session) => {
      t.throws(() => session.bindTo('ada'), refused(/RedisSessions/))
    })
    t.equal(status, 200)
    t.throws(() => app.sessionsOf('ada'), refused(/cannot list the sessions of a user/))
  }
})

t.test('wrong options of perUser are refused', async (t) => {
  for (const perUser of [{ max: 0 }, { max: 1.5 }, { max: 1_001 }, { max: '5' }, { whenFull: 'end' }, { min: 1 }, 5]) {
    await t.rejects(start(t, { perUser: perUser as never }), refused(/perUser/), JSON.stringify(perUser))
  }
  await start(t, { perUser: { max: undefined, whenFull: undefined } as never })
})

t.test('two registrations over one store must agree about perUser', async (t) => {
  const store = new InMemoryStore()
  const { app } = await start(t, { store, perUser: { max: 2 } }).catch(() => ({ app: undefined }))
  t.ok(app)
  const both = (one: StarsessionsOptions, other: StarsessionsOptions) =>
    testApp(t, { store, name: 'admin', ...one }, async (scope) => {
      const { default: starsessions } = await import('../../lib/index.ts')
      await scope.register(starsessions, { store, ...other })
    })
  await t.rejects(both({ perUser: { max: 2 } }, { perUser: { max: 3 } }), refused(/option "perUser": another/))
  await t.rejects(both({ perUser: { whenFull: 'refuse' } }, {}), refused(/option "perUser": another/))
  await both({ perUser: { max: 3 } }, { perUser: { max: 3 } })
  await both({ perUser: { max: 3 }, store: new InMemoryStore() }, { perUser: { max: 2 } })
})
