import t, { type Test } from 'tap'
import { EndWatch } from '../../../lib/lifecycle/users/end-watch.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../../types/options.ts'
import type { Session } from '../../../types/session.ts'
import type { SessionStore } from '../../../types/store.ts'
import { testApp } from '../../support/app.ts'
import { fakeClock } from '../../support/fake-clock.ts'

/** A store in memory that tells nobody which sessions have ended, as most stores. */
function mute(): { inner: InMemoryStore; store: SessionStore; break(): void; mend(): void } {
  const inner = new InMemoryStore()
  let isBroken = false
  const call = <T>(work: () => T): T => {
    if (isBroken) throw new Error('the store is broken')
    return work()
  }
  const { byUser } = inner
  const store: SessionStore = {
    readProlongs: true,
    read: (...args) => call(() => inner.read(...args)),
    write: (...args) => call(() => inner.write(...args)),
    remove: (...args) => call(() => inner.remove(...args)),
    replace: (...args) => call(() => inner.replace(...args)),
    touch: (...args) => call(() => inner.touch(...args)),
    byUser: {
      enlist: (...args) => byUser.enlist(...args),
      delist: (...args) => byUser.delist(...args),
      list: (...args) => call(() => byUser.list(...args)),
      end: (...args) => byUser.end(...args)
    }
  }
  return {
    inner,
    store,
    break: () => {
      isBroken = true
    },
    mend: () => {
      isBroken = false
    }
  }
}

/** Two processes over one store. The recheck of the first one runs when the test says so. */
async function twoProcesses(t: Test, options: StarsessionsOptions = {}) {
  const shared = mute()
  const watches = new Set<EndWatch>()
  const { signalOf } = EndWatch.prototype
  EndWatch.prototype.signalOf = function (...args) {
    watches.add(this)
    return signalOf.apply(this, args)
  }
  t.teardown(() => {
    EndWatch.prototype.signalOf = signalOf
  })
  const one = await testApp(t, { store: shared.store, ...options })
  const other = await testApp(t, { store: shared.store, ...options })
  const watched = async (cookie: string | undefined) => {
    const session = await one.app.loadSession(cookie)
    return { session, signal: session.ended }
  }
  const recheck = () => Promise.all([...watches].map((watch) => watch.recheck()))
  return { shared, one, other, watched, recheck, size: () => [...watches].reduce((sum, { size }) => sum + size, 0) }
}

const bind = (session: Session) => {
  session.bindTo('ada')
  return session.handle
}

t.test('a recheck finds sessions that another process has ended', async (t) => {
  const { other, watched, recheck, size } = await twoProcesses(t)
  const [ended, kept] = [await other.send(undefined, bind), await other.send(undefined, bind)]
  const [one, two] = [await watched(ended.cookie), await watched(kept.cookie)]
  await recheck()
  t.same([one.signal.aborted, two.signal.aborted], [false, false])
  await other.app.sessionsOf('ada').end(String(ended.body))
  t.same([one.signal.aborted, two.signal.aborted], [false, false], 'nobody has told it')
  await recheck()
  t.same([one.signal.aborted, one.signal.reason, two.signal.aborted], [true, 'ended', false])
  t.equal(size(), 1)
})

t.test('a recheck does not mind a new id, and finds the logout with it', async (t) => {
  const { other, watched, recheck } = await twoProcesses(t)
  for (const user of [true, false]) {
    const { cookie } = await other.send(undefined, (session) => (user ? bind(session) : void (session.n = 1)))
    const { signal } = await watched(cookie)
    const rotated = await other.send(cookie, (session) => session.regenerateId())
    const again = await other.send(rotated.cookie, (session) => session.regenerateId())
    await recheck()
    await recheck()
    t.equal(signal.aborted, false)
    await other.send(again.cookie, (session) => session.destroy())
    await recheck()
    t.equal(signal.aborted, true)
    t.equal(signal.reason, user ? 'ended' : 'logout')
  }
})

t.test('a recheck finds sessions whose time is over', async (t) => {
  const clock = fakeClock(t)
  const cases: [StarsessionsOptions, boolean][] = [
    [{ lifetime: 60 }, true],
    [{ lifetime: 60 }, false],
    [{ lifetime: 60, rolling: true }, true],
    [{ lifetime: 60, rolling: true }, false]
  ]
  for (const [options, user] of cases) {
    await t.test(JSON.stringify({ ...options, user }), async (t) => {
      const { other, watched, recheck } = await twoProcesses(t, options)
      const { cookie } = await other.send(undefined, (session) => (user ? bind(session) : void (session.n = 1)))
      const { signal } = await watched(cookie)
      await recheck()
      clock.advance(59)
      await recheck()
      t.equal(signal.aborted, false)
      clock.advance(2)
      await recheck()
      t.same([signal.aborted, signal.reason], [true, 'expired'])
    })
  }
})

t.test('a recheck does not prolong a rolling session', async (t) => {
  const clock = fakeClock(t)
  const { other, watched, recheck } = await twoProcesses(t, { lifetime: 60, rolling: true })
  const { cookie } = await other.send(undefined, (session) => void (session.n = 1))
  const { signal } = await watched(cookie)
  for (let round = 0; round < 3; round++) {
    clock.advance(25)
    await recheck()
  }
  t.equal(signal.aborted, true)
})

t.test('a store that cannot be asked aborts nothing', async (t) => {
  const { shared, other, watched, recheck } = await twoProcesses(t)
  const bound = await watched((await other.send(undefined, bind)).cookie)
  const anonymous = await watched((await other.send(undefined, (session) => void (session.n = 1))).cookie)
  shared.break()
  await recheck()
  t.same([bound.signal.aborted, anonymous.signal.aborted], [false, false])
  shared.mend()
  await other.app.sessionsOf('ada').endAll()
  await recheck()
  t.same([bound.signal.aborted, anonymous.signal.aborted], [true, false])
})

t.test('a session that is not stored yet is left alone', async (t) => {
  const { watched, recheck } = await twoProcesses(t)
  const { session, signal } = await watched(undefined)
  await recheck()
  session.bindTo('ada')
  await recheck()
  t.equal(signal.aborted, false)
})

t.test('the signal of a session that somebody else has ended stays aborted, and is not watched again', async (t) => {
  for (const user of [true, false]) {
    const { other, watched, recheck, size } = await twoProcesses(t)
    const { cookie } = await other.send(undefined, (session) => (user ? bind(session) : void (session.n = 1)))
    const { session, signal } = await watched(cookie)
    await other.send(cookie, (same) => same.destroy())
    await recheck()
    t.equal(session.ended, signal)
    t.equal(session.ended.aborted, true)
    t.equal(size(), 0)
  }
})

t.test('a store need not tell how much time is left', async (t) => {
  const { shared, other, watched, recheck } = await twoProcesses(t)
  const { byUser } = shared.inner
  Object.assign(shared.store.byUser as object, {
    list: async (...args: Parameters<typeof byUser.list>) =>
      (await byUser.list(...args)).map((entry) => ({ ...entry, ttl: undefined }))
  })
  const { cookie, body } = await other.send(undefined, bind)
  const { signal } = await watched(cookie)
  await recheck()
  t.equal(signal.aborted, false)
  await other.app.sessionsOf('ada').end(String(body))
  await recheck()
  t.equal(signal.reason, 'ended')
})

t.test('a request that is over while the store is asked is told nothing', async (t) => {
  const { shared, one, other, recheck, size } = await twoProcesses(t)
  const { cookie } = await other.send(undefined, (session) => void (session.n = 1))
  const closing = new AbortController()
  const session = await one.app.loadSession(cookie, { closed: closing.signal })
  const signal = session.ended
  await other.send(cookie, (same) => same.destroy())
  const { read } = shared.store
  shared.store.read = (...args) => {
    closing.abort()
    return read(...args)
  }
  await recheck()
  t.equal(size(), 0)
  t.equal(signal.aborted, false)
})
