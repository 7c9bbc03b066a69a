import t, { type Test } from 'tap'
import { CookieUsers } from '../../../lib/stores/cookie/users.ts'
import { CookieStore } from '../../../lib/stores/cookie.ts'
import type { EndReason, Listing, SessionsByUser } from '../../../types/users/sessions-by-user.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const secretKey = 'a secret of at least thirty-two bytes'
const listing = { handle: 'one', user: 'ada' } as Listing

/** A list in memory, which counts how often it is asked. */
function counted(watches = false) {
  const listed = new Set<string>()
  const listeners = new Set<(handles: readonly string[], reason: EndReason) => void>()
  const index = {
    asked: 0,
    enlist: async (...[, , , , { handle }]: Parameters<SessionsByUser['enlist']>) => {
      listed.add(handle)
      return { enlisted: true as const, evicted: [] }
    },
    delist: (_id: string, _user: string, handle: string) => listed.delete(handle),
    list: async () =>
      [...listed].map((handle) => ({ handle, authenticatedAt: 0, endsAt: 0, label: undefined, ttl: undefined })),
    end: async () => {
      const handles = [...listed]
      listed.clear()
      return handles
    },
    isListed: async (_user: string, handle: string) => {
      index.asked++
      return listed.has(handle)
    },
    ...(watches && {
      watch: (listener: (handles: readonly string[], reason: EndReason) => void) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      }
    })
  }
  const tell = (handle: string) => {
    for (const listener of listeners) listener([handle], 'ended')
  }
  return { index, listed, tell }
}

const enter = (users: CookieUsers) => users.enlist('', new Uint8Array(0), 1, 1, listing)
const isListed = (users: CookieUsers) => users.isListed('ada', 'one')

t.test('without recheck, each question goes to the list', async (t) => {
  const { index } = counted()
  const users = new CookieUsers(index, 0)
  t.equal(await isListed(users), false)
  t.same(await enter(users), { enlisted: true, evicted: [] })
  t.same([await isListed(users), await isListed(users)], [true, true])
  t.equal(index.asked, 3)
  t.equal((await users.list('ada')).length, 1)
  t.same(await users.end('ada', { at: 0 }), ['one'])
  t.equal(await isListed(users), false)
  t.equal(users.watch, undefined)
})

t.test('with recheck, a yes is taken for granted for so many seconds, and a no never', async (t) => {
  const clock = fakeClock(t)
  const { index, listed } = counted()
  const users = new CookieUsers(index, 10)
  t.equal(await isListed(users), false)
  await enter(users)
  t.equal(await isListed(users), true)
  listed.clear()
  clock.advance(9)
  t.equal(await isListed(users), true)
  t.equal(index.asked, 2)
  clock.advance(1)
  t.equal(await isListed(users), false)
})

t.test('what this process ends or hears of is asked for again at once', async (t) => {
  fakeClock(t)
  const { index, listed, tell } = counted(true)
  const users = new CookieUsers(index, 10)
  const ways = [
    () => users.end('ada', { at: 0 }),
    () => users.delist('', 'ada', 'one'),
    () => {
      listed.clear()
      tell('one')
    }
  ]
  for (const way of ways) {
    await enter(users)
    t.equal(await isListed(users), true)
    await way()
    t.equal(await isListed(users), false)
  }
  let told = 0
  const stop = users.watch?.(() => void told++)
  tell('one')
  stop?.()
  tell('one')
  t.equal(told, 1)
})

t.test('the number of remembered answers is bounded', async (t) => {
  fakeClock(t)
  const { index, listed } = counted()
  const users = new CookieUsers(index, 10)
  const all = Array.from({ length: 10_001 }, (_, number) => `handle-${number}`)
  for (const handle of all) {
    listed.add(handle)
    await users.isListed('ada', handle)
  }
  index.asked = 0
  await users.isListed('ada', 'handle-10000')
  await users.isListed('ada', 'handle-1')
  t.equal(index.asked, 0)
  await users.isListed('ada', 'handle-0')
  t.equal(index.asked, 1, 'the oldest answer was forgotten')
})

const refused = (t: Test, options: object, message: RegExp) =>
  t.throws(() => new CookieStore({ secretKey, ...options }), { code: 'FST_SESSION_OPTIONS', message })

t.test('a cookie store has a list only with the option byUser, also for one cookie', async (t) => {
  const { index } = counted()
  t.equal(new CookieStore({ secretKey }).byUser, undefined)
  const store = new CookieStore({ secretKey, byUser: index, recheck: 10 })
  t.ok(store.byUser instanceof CookieUsers)
  t.ok(store.forCookie('session').byUser instanceof CookieUsers)
})

t.test('wrong options are refused', async (t) => {
  const { index } = counted()
  const { isListed: _isListed, ...without } = index
  for (const byUser of [without, {}]) refused(t, { byUser }, /byUser must be `new RedisSessions\({ client }\)`/)
  for (const recheck of [-1, Number.NaN, 3_601, '10'])
    refused(t, { byUser: index, recheck }, /recheck must be a number/)
})
