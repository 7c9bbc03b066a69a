import { getEventListeners } from 'node:events'
import Fastify from 'fastify'
import t from 'tap'
import { NoResponse } from '../../../lib/fastify/outside/instance-members.ts'
import starsessions from '../../../lib/index.ts'
import { CookieStore } from '../../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { NamedSessions } from '../../../types/users/sessions-of.ts'
import { testApp } from '../../support/app.ts'

const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
const headersSent = { code: 'FST_SESSION_HEADERS_SENT' }

t.test('a session outside a request has the data of the browser with this Cookie header', async (t) => {
  const { app, send } = await testApp(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, (session) => {
    session.bindTo('ada')
    session.n = 1
  })
  const session = await app.loadSession(`other=1; ${cookie}; third=3`)
  t.same([session.userId, session.data()], ['ada', { n: 1 }])
  session.n = 2
  await session.save()
  await session.update((newest) => void (newest.m = 3))
  t.same((await send(cookie, (same) => same.data())).body, { n: 2, m: 3 })
  await session.destroy()
  t.same((await send(cookie, (same) => same.data())).body, {})
})

t.test('without a cookie, or with an unknown one, the session is new and empty', async (t) => {
  const { app } = await testApp(t, { store: new InMemoryStore() })
  for (const header of [undefined, '', 'session=unknown', 'session="%', `session=${'x'.repeat(5_000)}`]) {
    const session = await app.loadSession(header)
    t.same([session.isNew, session.data()], [true, {}])
  }
})

t.test('what needs a cookie fails, and stores nothing', async (t) => {
  const store = new InMemoryStore()
  const { app, send } = await testApp(t, { store })
  const fresh = await app.loadSession(undefined)
  fresh.n = 1
  await t.rejects(fresh.save(), headersSent)
  t.equal(store.size, 0)
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const changes = [
    async () => {
      const session = await app.loadSession(cookie)
      await session.regenerateId()
      await session.save()
    },
    async () => {
      const session = await app.loadSession(cookie)
      session.bindTo('ada')
      await session.save()
    }
  ]
  for (const change of changes) await t.rejects(change(), headersSent)
  t.same((await send(cookie, (session) => session.data())).body, { n: 1 })
})

t.test('a cookie session can be read outside a request, but not changed', async (t) => {
  const store = new CookieStore({ secretKey: 'a secret of at least thirty-two bytes' })
  const { app, send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const session = await app.loadSession(cookie)
  t.same(session.data(), { n: 1 })
  await t.rejects(session.destroy(), headersSent)
  session.n = 2
  await t.rejects(session.save(), headersSent)
})

t.test('a session with another name has members of its own', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new InMemoryStore() })
  await app.register(starsessions, { store: new InMemoryStore(), name: 'admin' })
  const named = app as unknown as NamedSessions<'admin'>
  t.same(await named.adminSessionsOf('ada').list(), [])
  t.equal((await named.loadAdmin(undefined)).isNew, true)
  t.throws(() => named.adminSessionsOf(''), refused(/^app\.adminSessionsOf\(\): the user id is empty/))
})

t.test('a scope below uses the registration of its scope', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new InMemoryStore() })
  let inner: typeof app | undefined
  await app.register(async (scope) => {
    await scope.register(starsessions, { store: new InMemoryStore(), cookieName: 'inner' })
    scope.get('/login', async (request) => {
      const session = await request.loadSession()
      session.bindTo('ada')
      return {}
    })
    inner = scope as typeof app
  })
  const response = await app.inject('/login')
  t.equal(response.statusCode, 200)
  t.same((await inner?.sessionsOf('ada').list())?.length, 1)
  t.same(await app.sessionsOf('ada').list(), [])
  t.equal((await inner?.loadSession(`inner=${response.cookies[0]?.value}`))?.userId, 'ada')
})

t.test('wrong arguments are refused', async (t) => {
  const { app } = await testApp(t, { store: new InMemoryStore() })
  for (const header of [null, 7, {}, ['session=a']]) {
    await t.rejects(app.loadSession(header as never), refused(/^app\.loadSession\(\) takes the Cookie header/))
  }
  await t.rejects(app.loadSession('', { close: 1 } as never), refused(/unknown option "close"/))
  await t.rejects(app.loadSession('', { closed: 1 } as never), refused(/closed must be an AbortSignal/))
})

t.test('a name that is taken is refused', async (t) => {
  for (const member of ['sessionsOf', 'loadSession']) {
    const app = Fastify()
    t.teardown(() => app.close())
    app.decorate(member, () => undefined)
    app.register(starsessions, { store: new InMemoryStore() })
    await t.rejects(async () => app.ready(), refused(new RegExp(`app\\.${member} is taken already`)))
  }
})

t.test('the signal of a session outside a request is forgotten when the connection closes', async (t) => {
  const { app, send } = await testApp(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, (session) => session.bindTo('ada'))
  const closed = new AbortController()
  const [kept, forgotten] = [await app.loadSession(cookie), await app.loadSession(cookie, { closed: closed.signal })]
  const signals = [kept.ended, forgotten.ended]
  closed.abort()
  const late = (await app.loadSession(cookie, { closed: closed.signal })).ended
  await app.sessionsOf('ada').endAll()
  t.same(
    [...signals, late].map(({ aborted }) => aborted),
    [true, false, false]
  )
})

t.test('without a response, there is nothing to announce', async (t) => {
  const outlet = new NoResponse(undefined)
  t.equal(outlet.announce(), undefined)
  t.same([outlet.canSendCookie, outlet.commitHasBegun], [false, true])
})

t.test('a session that has ended leaves no listener on the signal of its connection', async (t) => {
  const { app, send } = await testApp(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, (session) => session.bindTo('ada'))
  const { signal } = new AbortController()
  const { ended } = await app.loadSession(cookie, { closed: signal })
  t.equal(getEventListeners(signal, 'abort').length, 1)
  await app.sessionsOf('ada').endAll()
  t.equal(ended.aborted, true)
  t.equal(getEventListeners(signal, 'abort').length, 0)
})
