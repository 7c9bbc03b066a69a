import Fastify from 'fastify'
import t from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import { readSession } from '../../lib/testing.ts'
import { type Answer, cookieValue, type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const login: Handler = async (session) => {
  await session.regenerateId()
  session.user = 'ada'
}
const show: Handler = (session) => session.data()
const both = (...answers: (Answer | string)[]) =>
  answers.map((one) => (typeof one === 'string' ? one : one.cookie)).join('; ')

const stores = {
  'a store that compares': () => new InMemoryStore(),
  'a store with three methods': () => new MapStore(),
  'a cookie store': () => new CookieStore({ secretKey: 'x'.repeat(32) })
}

for (const [what, make] of Object.entries(stores)) {
  t.test(`a login works although the browser sends an old cookie of another domain or path (${what})`, async (t) => {
    const clock = fakeClock(t)
    const store = make()
    const before = await testApp(t, { store, cookie: { path: '/app' } })
    const after = await testApp(t, { store, cookie: { path: '/' } })
    for (const old of ['session=gone', await before.send(undefined, (session) => void (session.cart = 1))]) {
      clock.advance(1)
      // The browser sends the old cookie first, because its path is longer or because it is older.
      const old1 = both(old)
      const loggedIn = await after.send(old1, login)
      t.match(loggedIn.lines, [/; Path=\/;/])
      const { body, lines } = await after.send(both(old1, loggedIn), show)
      t.match(body, { user: 'ada' })
      t.same(lines, [])
    }
    const told = after.problems().filter(({ msg }) => msg.includes('several cookies'))
    t.match(told, [{ msg: /"session".*"cookie\.domain" or "cookie\.path"/ }])
    t.equal(told.length, 1, 'once')
  })
}

for (const [what, end] of Object.entries<Handler>({
  'destroy()': (session) => session.destroy(),
  'clear()': (session) => session.clear(),
  'an update() that clears': (session) => session.update((newest) => newest.clear())
})) {
  t.test(`${what} ends the sessions of all cookies, so that no older session comes back`, async (t) => {
    for (const make of [() => new InMemoryStore(), () => new MapStore()]) {
      const store = make()
      const { send } = await testApp(t, { store })
      const one = await send(undefined, (session) => void (session.user = 'ada'))
      const other = await send(undefined, (session) => void (session.user = 'grace'))
      const rotated = await send(undefined, (session) => void (session.user = 'joan'))
      const successor = await send(rotated.cookie, (session) => session.regenerateId())
      const cookie = both('session=unknown', one, other, rotated)
      t.same((await send(cookie, show)).body, { user: 'ada' })
      const ended = await send(cookie, end)
      t.match(ended.lines, [/^session=; Expires/])
      for (const each of [one, other, rotated]) t.same((await send(each.cookie, show)).body, {})
      if (store instanceof InMemoryStore)
        t.same((await send(successor.cookie, show)).body, {}, 'the old id of the rotated session')
    }
  })
}

t.test('a logout that cannot end the sessions of all cookies is answered with an error', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { read } = MapStore.prototype
  for (const end of [(session) => session.destroy(), (session) => session.clear()] satisfies Handler[]) {
    const one = await send(undefined, (session) => void (session.user = 'ada'))
    const other = await send(undefined, (session) => void (session.user = 'grace'))
    store.read = async (id) => {
      if (id === cookieValue(other.cookie)) throw new Error('down')
      return read.call(store, id)
    }
    const failed = await send(both(one, other), end)
    t.equal(failed.status, 503)
    t.same(failed.lines, [], 'the cookies stay, so that the logout can be tried again')
    store.read = read
    t.same((await send(both(one, other), show)).body, { user: 'grace' })
  }
})

t.test('of many cookies with one name only four are read, and equal cookies are read once', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const readsOf = async (sent: string) => {
    store.calls.read = 0
    await send(sent, show)
    return store.calls.read
  }
  t.equal(await readsOf(both(String(cookie), 'session=other')), 1)
  t.equal(await readsOf(Array.from({ length: 200 }, (_, at) => `session=${at}`).join('; ')), 4)
  t.equal(await readsOf('session=same; session=same'), 1)
})

t.test('two registrations may share the name of a cookie without a warning', async (t) => {
  const problems: string[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => void problems.push(line) } } })
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new InMemoryStore() })
  app.get('/', async (request) => (await request.loadSession()).data())
  await app.register(
    async (scope) => {
      await scope.register(starsessions, { store: new InMemoryStore(), cookie: { path: '/admin' } })
      scope.get('/', async (request) => {
        ;(await request.loadSession()).of = 'admin'
        return request.session.data()
      })
    },
    { prefix: '/admin' }
  )
  const { cookies } = await app.inject('/admin')
  const cookie = `session=${cookies[0]?.value}; session=outer`
  t.same((await app.inject({ url: '/admin', headers: { cookie } })).json(), { of: 'admin' })
  t.same(problems, [])
})

t.test('readSession() tries several cookies, as the next request does', async (t) => {
  const { app, send } = await testApp(t)
  const { cookie } = await send(undefined, (session) => void (session.user = 'ada'))
  const response = await app.inject({ url: '/none', headers: { cookie: both('session=gone', String(cookie)) } })
  t.same(await readSession(app, response), { user: 'ada' })
})
