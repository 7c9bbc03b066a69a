import t, { type Test } from 'tap'
import { SessionTooLargeError } from '../../lib/errors.ts'
import { GuardedStore } from '../../lib/record/guarded-store.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import { MapStore } from '../support/map-store.ts'

const BYTES = Buffer.from('{}')
const MOVED = { tombstone: Buffer.from('t'), tombstoneTtl: 9, newId: 'new', bytes: Buffer.from('n') }

/** A guarded store, with some methods of the inner store replaced. */
function callsOf(methods: Record<string, unknown> = {}) {
  return new GuardedStore(Object.assign(new MapStore(), methods) as unknown as SessionStore, 5)
}

t.test('a wrong answer of a store is an unavailable store', async (t) => {
  const broken = { code: 'FST_SESSION_STORE', statusCode: 503 }
  for (const answer of ['text', {}, 1]) {
    await t.rejects(async () => callsOf({ read: async () => answer }).read('id', 0), broken)
    await t.rejects(
      async () =>
        callsOf({ replace: async () => ({ replaced: false, current: answer }) }).replace('id', BYTES, null, 0, 0),
      broken
    )
  }
  for (const answer of [undefined, 1, '', 'a b', 'x'.repeat(4_097)]) {
    await t.rejects(async () => callsOf({ write: async () => answer }).write('id', BYTES, 0, 0), broken)
    await t.rejects(async () => callsOf({ ownsIds: true, write: async () => answer }).write('', BYTES, 0, 0), {
      ...broken,
      cause: { message: /write\(\) must answer an id that fits into a cookie/ }
    })
  }
  for (const answer of ['another-id', 'ID', 'id ']) {
    await t.rejects(async () => callsOf({ write: async () => answer }).write('id', BYTES, 0, 0), {
      ...broken,
      cause: { message: /write\(\) must answer the id that it was given.*ownsIds: true/ }
    })
  }
  for (const answer of [undefined, null, 1, 0, 'OK', {}]) {
    await t.rejects(async () => callsOf({ touch: async () => answer }).touch('id', 60, 60), {
      ...broken,
      cause: { message: "the store's touch() must answer true, or false when nothing is under the id" }
    })
  }
  for (const answer of [undefined, null, true, {}]) {
    await t.rejects(async () => callsOf({ replace: async () => answer }).replace('id', BYTES, null, 0, 0), broken)
  }
})

t.test('a local store with a changed method has a time limit as well', async (t) => {
  const alive = setTimeout(() => undefined, 10_000)
  t.teardown(() => clearTimeout(alive))
  const never = () => new Promise<never>(() => undefined)
  const replaced = Object.assign(new InMemoryStore(), { read: never })
  const wrapped = new Proxy(new InMemoryStore(), {
    get: (store, key) => (key === 'read' ? never : Reflect.get(store, key))
  })
  // Here the accessors of the target run on the target, so their answer says nothing about the Proxy.
  const plainlyWrapped = new Proxy(new InMemoryStore(), {
    get: (store, key) => (key === 'read' ? never : store[key as keyof InMemoryStore])
  })
  class Subclass extends InMemoryStore {
    override read = never
  }
  for (const store of [replaced, wrapped, plainlyWrapped, new Subclass()]) {
    await t.rejects(async () => new GuardedStore(store, 0.01).read('id', 0), { code: 'FST_SESSION_STORE' })
  }
})

t.test('undefined counts as null', async (t) => {
  for (const nothing of [null, undefined]) {
    t.equal(await callsOf({ read: async () => nothing }).read('id', 0), null)
    const calls = callsOf({ replace: async () => ({ replaced: false, current: nothing }) })
    t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: false, current: null })
  }
})

t.test('without replace, a replace is a read, a comparison and a write', async (t) => {
  const calls = callsOf()
  await calls.write('id', Buffer.from('1'), 0, 0)
  t.same(await calls.replace('id', Buffer.from('2'), BYTES, 0, 0), { replaced: false, current: Buffer.from('1') })
  t.same(await calls.replace('id', Buffer.from('1'), BYTES, 0, 0), { replaced: true })
  t.same(await calls.read('id', 0), BYTES)
  t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: true })
  t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: false, current: null })
})

t.test('without replace, a record is created only where nothing is', async (t) => {
  const store = new MapStore()
  const calls = new GuardedStore(store, 5)
  t.same(await calls.replace('id', null, null, 0, 0), { replaced: true })
  t.same(store.calls, { read: 1, write: 0, remove: 0 }, 'there is nothing to remove')
  t.same(await calls.replace('id', null, BYTES, 0, 0), { replaced: true })
  t.same(await calls.replace('id', null, Buffer.from('1'), 0, 0), { replaced: false, current: BYTES })
  t.same(await calls.replace('id', null, null, 0, 0), { replaced: false, current: BYTES })
  t.same(await calls.read('id', 0), BYTES)
})

t.test('a store that owns the ids may return another id', async (t) => {
  const calls = callsOf({ ownsIds: true, write: async () => 'its-own' })
  t.equal(await calls.write('', BYTES, 0, 0), 'its-own')
  t.equal(await calls.write('id', BYTES, 0, 0), 'its-own')
})

t.test('for a store without touch, the answer of touch is false', async (t) => {
  t.equal(await callsOf({ touch: async () => false }).touch('id', 60, 60), false)
  t.equal(await callsOf().touch('id', 60, 60), false)
  t.equal(await callsOf({ touch: async () => true }).touch('id', 60, 60), true)
})

t.test('an error that a store throws at once counts as a rejection does', async (t) => {
  const fail = (error: Error) => () => {
    throw error
  }
  const down = callsOf({ read: fail(new Error('down')), touch: fail(new Error('down')), move: fail(new Error('down')) })
  const unavailable = { code: 'FST_SESSION_STORE', cause: { message: 'down' } }
  t.throws(() => down.read('id', 0), unavailable)
  t.throws(() => down.touch('id', 0, 0), unavailable)
  t.throws(() => down.move('id', BYTES, MOVED, 0, 0), unavailable)
  const full = callsOf({ write: fail(new SessionTooLargeError('x')) })
  t.throws(() => full.write('id', BYTES, 0, 0), { code: 'FST_SESSION_TOO_LARGE' })
})

t.test('a move passes on what the rotation puts under the two ids, and checks the answer', async (t) => {
  const seen: unknown[] = []
  const move = (...args: unknown[]) => {
    seen.push(args)
    return { replaced: true }
  }
  t.same(callsOf({ move }).move('id', BYTES, MOVED, 60, 50), { replaced: true })
  t.same(seen, [['id', BYTES, MOVED.tombstone, 9, 'new', MOVED.bytes, 60, 50]])
  const lost = callsOf({ move: async () => ({ replaced: false, current: BYTES }) })
  t.same(await lost.move('id', BYTES, MOVED, 60, 50), { replaced: false, current: BYTES })
  for (const answer of [undefined, null, true, {}, { replaced: false, current: 'text' }]) {
    const wrong = callsOf({ move: async () => answer })
    await t.rejects(async () => wrong.move('id', BYTES, MOVED, 0, 0), { code: 'FST_SESSION_STORE' })
  }
})

t.test('SessionTooLargeError of a store is thrown unchanged', async (t) => {
  const error = new SessionTooLargeError('x')
  await t.rejects(async () => callsOf({ write: () => Promise.reject(error) }).write('id', BYTES, 0, 0), {
    code: 'FST_SESSION_TOO_LARGE'
  })
})

/** Collects the time limits, in milliseconds, of the timers that start until the test ends. */
function timersOf(t: Test): number[] {
  const started: number[] = []
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    started.push(Number(args[1]))
    return setTimeout(...args)
  }) as typeof setTimeout
  t.teardown(() => {
    globalThis.setTimeout = setTimeout
  })
  return started
}

t.test('a store of this library within the process has no time limit, but a subclass has one', async (t) => {
  const started = timersOf(t)
  const cookies = new CookieStore({ secretKey: 'a signing secret of at least 32 bytes' })
  for (const store of [new InMemoryStore(), cookies, cookies.forCookie('session')]) {
    await new GuardedStore(store, 5).read('id', 0)
  }
  t.same(started, [])
  class Subclass extends InMemoryStore {}
  await new GuardedStore(new Subclass(), 5).read('id', 0)
  t.same(started, [], 'an answer that is there at once needs no timer')
  class Slow extends InMemoryStore {
    override async read(...args: Parameters<InMemoryStore['read']>) {
      return super.read(...args)
    }
  }
  await new GuardedStore(new Slow(), 5).read('id', 0)
  t.same(started, [5_000])
})

t.test('a store of the application has no time limit if isLocal is true', async (t) => {
  const started = timersOf(t)
  class LocalStore extends MapStore {
    readonly isLocal: unknown = true
  }
  class Remote extends LocalStore {
    override readonly isLocal = false
  }
  const literal = { read: async () => null, write: async (id: string) => id, remove: async () => {}, isLocal: true }
  const local = [new LocalStore(), literal] as SessionStore[]
  for (const store of local) await new GuardedStore(store, 5).read('id', 0)
  t.same(started, [])

  const wrapped = new Proxy(new LocalStore(), {})
  const unclear = ['true', 1, {}, undefined].map((isLocal) => Object.assign(new LocalStore(), { isLocal }))
  const timed = [new MapStore(), new Remote(), wrapped, ...unclear] as SessionStore[]
  for (const store of timed) await new GuardedStore(store, 5).read('id', 0)
  t.same(started, Array(timed.length).fill(5_000))
})

t.test('isLocal is read once, when the store is registered', async (t) => {
  const started = timersOf(t)
  const store = Object.assign(new MapStore(), { isLocal: true })
  const calls = new GuardedStore(store, 5)
  store.isLocal = false
  await calls.read('id', 0)
  t.same(started, [])
})

t.test('the reason of a store is passed on only if it is a short code', async (t) => {
  const explain = (answer: () => unknown) =>
    new GuardedStore(Object.assign(new MapStore(), { explain: answer as () => string }), 5).explain('id', 60)
  t.equal(new GuardedStore(new MapStore(), 5).explain('id', 60), undefined)
  t.equal(
    explain(() => undefined),
    undefined
  )
  t.equal(
    explain(() => 'too-old'),
    'too-old'
  )
  const nonsense: (() => unknown)[] = [
    () => null,
    () => 7,
    () => '',
    () => 'the cookie eyJhIjoxfQ== is forged',
    () => 'x'.repeat(41),
    () => ({}),
    () => Promise.reject(new Error('late')),
    () => {
      throw new Error('broken')
    }
  ]
  for (const answer of nonsense) t.equal(explain(answer), 'other', String(answer))
})

t.test('a Proxy has no move, because it may change replace and write, but not know move', async (t) => {
  t.equal(new GuardedStore(new InMemoryStore(), 5).canMove, true)
  const bound = new Proxy(new InMemoryStore(), { get: (target, name) => Reflect.get(target, name, target) })
  t.type(bound.move, 'function')
  t.equal(new GuardedStore(bound, 5).canMove, false)
})
