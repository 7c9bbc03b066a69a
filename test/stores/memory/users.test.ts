import t from 'tap'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { EndReason, Listing } from '../../../types/users/sessions-by-user.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const HOUR = 3_600
const START = 1_700_000_000
const data = Buffer.from('data')

const listing = (handle: string, more: Partial<Listing> = {}): Listing => ({
  user: 'ada',
  handle,
  authenticatedAt: START,
  endsAt: START + 24 * HOUR,
  label: undefined,
  isListed: false,
  max: 100,
  whenFull: 'end-oldest',
  ...more
})

const login = (store: InMemoryStore, id: string, more: Partial<Listing> = {}, ttl = HOUR) =>
  store.byUser.enlist(id, data, HOUR, ttl, listing(`handle of ${id}`, more))

const idsOf = async (store: InMemoryStore, user = 'ada') =>
  (await store.byUser.list(user)).map(({ handle }) => handle.replace('handle of ', ''))

function watched(store: InMemoryStore): [string, EndReason][] {
  const seen: [string, EndReason][] = []
  store.byUser.watch?.((handles, reason) =>
    seen.push(...handles.map((handle): [string, EndReason] => [handle, reason]))
  )
  return seen
}

t.test('the calls answer at once, without a promise', async (t) => {
  fakeClock(t)
  const { byUser } = new InMemoryStore()
  t.same(byUser.enlist('a', data, HOUR, HOUR, listing('h')), { enlisted: true, evicted: [] })
  t.equal(Array.isArray(byUser.list('ada')), true)
  t.same(byUser.end('ada', { at: 0 }), ['h'])
})

t.test('a session that a full store drops is not listed', async (t) => {
  fakeClock(t)
  t.capture(process, 'emitWarning', () => undefined)
  const store = new InMemoryStore({ maxSessions: 2 })
  const seen = watched(store)
  await login(store, 'a')
  await login(store, 'b')
  await store.write('anonymous', data, HOUR, HOUR)
  t.same(await idsOf(store), ['b'])
  t.same(seen, [['handle of a', 'evicted']])
})

t.test('a login of a full store can drop the sessions of its own user', async (t) => {
  fakeClock(t)
  t.capture(process, 'emitWarning', () => undefined)
  const store = new InMemoryStore({ maxSessions: 1 })
  await login(store, 'a')
  t.same(await store.byUser.enlist('b', data, HOUR, HOUR, listing('handle of a', { isListed: true })), {
    enlisted: true,
    evicted: []
  })
  t.same(await idsOf(store), ['a'])
  t.equal(store.size, 1)
  t.same(await login(store, 'c', { max: 1 }), { enlisted: true, evicted: ['handle of a'] })
  t.same(await idsOf(store), ['c'])
  await store.byUser.end('ada', { at: 0 })
  t.equal(store.size, 0)
})

t.test('a record that is too large changes nothing', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore({ maxBytes: 100 })
  await login(store, 'a')
  const tooLarge = () => store.byUser.enlist('b', Buffer.alloc(200), HOUR, HOUR, listing('b', { max: 1 }))
  t.throws(tooLarge, { code: 'FST_SESSION_TOO_LARGE' })
  t.same(await idsOf(store), ['a'])
})

t.test('an expired session leaves no entry behind, even if nobody asks for the list', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const seen = watched(store)
  await login(store, 'a', {}, 10)
  clock.advance(11)
  for (let look = 0; look < 100; look++) await store.read('another', HOUR)
  t.same(seen, [['handle of a', 'expired']])
  t.equal(store.size, 0)
})

t.test('an entry is over at its end, even if reads have prolonged the record', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const seen = watched(store)
  await login(store, 'a', { endsAt: START + 100 }, 100)
  clock.advance(90)
  await store.read('a', HOUR, HOUR)
  clock.advance(20)
  t.same(await idsOf(store), [])
  t.same(seen, [['handle of a', 'expired']])
  t.equal(await store.read('a', HOUR), null)
})

t.test('the store remembers for an hour when all sessions of a user were ended', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const refused = { enlisted: false, reason: 'ended' }
  await store.byUser.end('ada', { at: START + 1 })
  clock.advance(HOUR - 1)
  await store.byUser.end('bob', { at: START + HOUR - 1 })
  t.same(await login(store, 'a'), refused)
  clock.advance(3)
  await store.byUser.end('carl', { at: START + HOUR + 2 })
  t.same(await login(store, 'a'), { enlisted: true, evicted: [] }, 'then it forgets')
  t.same(await login(store, 'b', { user: 'bob' }), refused, 'the time of another user is still known')
})

t.test('each watcher is told once, until it stops', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  let calls = 0
  const listener = () => void calls++
  const stops = [store.byUser.watch?.(listener), store.byUser.watch?.(listener)]
  await login(store, 'a')
  await store.byUser.end('ada', { at: 0 })
  t.equal(calls, 2)
  stops[0]?.()
  await login(store, 'b')
  await login(store, 'c')
  await store.byUser.end('ada', { at: 0 })
  t.equal(calls, 3, 'one call for both handles')
})

t.test('a label is a copy, in both directions', async (t) => {
  const store = new InMemoryStore()
  const label = Buffer.from('label')
  await login(store, 'a', { label, authenticatedAt: Date.now() / 1000, endsAt: Date.now() / 1000 + HOUR })
  label.fill(0)
  const text = async () => Buffer.from((await store.byUser.list('ada'))[0]?.label ?? '')
  t.equal((await text()).toString(), 'label')
  ;(await store.byUser.list('ada'))[0]?.label?.fill(0)
  t.equal((await text()).toString(), 'label')
})
