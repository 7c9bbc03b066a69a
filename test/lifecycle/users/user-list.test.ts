import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { SessionMessages } from '../../../types/diagnostics.ts'
import { testApp } from '../../support/app.ts'
import { fakeClock } from '../../support/fake-clock.ts'

t.test('the channel starsessions:end has fingerprints of the handles, how many, and why', async (t) => {
  const seen: SessionMessages['starsessions:end'][] = []
  const listen = (message: unknown) => void seen.push(message as SessionMessages['starsessions:end'])
  subscribe('starsessions:end', listen)
  t.teardown(() => unsubscribe('starsessions:end', listen))
  const { app, send } = await testApp(t, { store: new InMemoryStore(), perUser: { max: 2 } })
  const login = async () =>
    String(
      (
        await send(undefined, (session) => {
          session.bindTo('ada')
          return session.handle
        })
      ).body
    )
  const handles = [await login(), await login(), await login()]
  await app.sessionsOf('ada').end(handles[2]!)
  await app.sessionsOf('ada').end(handles[2]!)
  await app.sessionsOf('ada').endAll()
  t.match(seen, [
    { count: 1, reason: 'evicted' },
    { count: 1, reason: 'ended' },
    { count: 1, reason: 'ended' }
  ])
  t.equal(seen.length, 3)
  const fingerprints = seen.flatMap((message) => message.fingerprints)
  t.equal(new Set(fingerprints).size, 3)
  for (const handle of handles) t.notMatch(JSON.stringify(seen), handle)
})

t.test('a list has dates, the newest login first, and lastSeen only of rolling sessions', async (t) => {
  const clock = fakeClock(t)
  for (const options of [{ lifetime: 60 }, { lifetime: 60, rolling: true, absoluteLifetime: 600 }]) {
    const { app, send } = await testApp(t, { store: new InMemoryStore(), ...options })
    const begin = Date.now()
    const { cookie } = await send(undefined, (session) => session.bindTo('ada'))
    clock.advance(10)
    await send(undefined, (session) => session.bindTo('ada'))
    clock.advance(10)
    await send(cookie, (session) => session.data())
    const [second, first] = await app.sessionsOf('ada').list()
    t.same(first?.authenticatedAt, new Date(begin))
    t.same(second?.authenticatedAt, new Date(begin + 10_000))
    const isRolling = 'rolling' in options
    t.same(first?.endsAt, new Date(begin + (isRolling ? 600_000 : 60_000)))
    t.same(first?.lastSeen, isRolling ? new Date(begin + 20_000) : undefined)
    t.same(second?.lastSeen, isRolling ? new Date(begin + 10_000) : undefined)
  }
})

t.test('closing the application waits for a call that is under way', async (t) => {
  const inner = new InMemoryStore()
  const order: string[] = []
  const { byUser } = inner
  const slow = {
    enlist: byUser.enlist.bind(byUser),
    delist: byUser.delist.bind(byUser),
    list: byUser.list.bind(byUser),
    end: async (...args: Parameters<typeof byUser.end>) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push('ended')
      return byUser.end(...args)
    }
  }
  const store = {
    read: inner.read.bind(inner),
    write: inner.write.bind(inner),
    remove: inner.remove.bind(inner),
    replace: inner.replace.bind(inner),
    byUser: slow
  }
  const { app } = await testApp(t, { store })
  const ending = app.sessionsOf('ada').endAll()
  await app.close()
  order.push('closed')
  await ending
  t.same(order, ['ended', 'closed'])
})

t.test('a store whose lists lack a method is refused when the plugin is registered', async (t) => {
  const inner = new InMemoryStore()
  const lists = { enlist: () => 1, delist: () => 1, list: () => [], end: () => [] }
  const store = { read: inner.read, write: inner.write, remove: inner.remove, replace: inner.replace }
  const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
  for (const name of ['enlist', 'delist', 'list', 'end']) {
    const byUser = { ...lists, [name]: undefined }
    await t.rejects(
      testApp(t, { store: { ...store, byUser } as never }),
      refused(new RegExp(`its byUser needs ${name}`))
    )
  }
  const { replace: _replace, ...without } = store
  await t.rejects(testApp(t, { store: { ...without, byUser: lists } as never }), refused(/byUser needs replace\(\)/))
  const cookie = { ...without, ownsIds: true, byUser: lists }
  await t.rejects(testApp(t, { store: cookie as never }), refused(/its byUser needs isListed/))
})
