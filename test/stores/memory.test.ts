import t, { type Test } from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const data = Buffer.alloc(200, 'x')

const put = (store: InMemoryStore, id: string | number, ttl = HOUR, size = 200) =>
  store.write(String(id), Buffer.alloc(size, 'x'), HOUR, ttl)
const has = async (store: InMemoryStore, id: string | number) => (await store.read(String(id), HOUR)) !== null

/** The ids that have a session. It reads them all, which counts as a use, so call it at the end of a test. */
async function present(store: InMemoryStore, ids: readonly (string | number)[]): Promise<(string | number)[]> {
  const found: (string | number)[] = []
  for (const id of ids) if (await has(store, id)) found.push(id)
  return found
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

function warnings(t: Test): { message: unknown; options: unknown }[] {
  const real = process.emitWarning
  const seen: { message: unknown; options: unknown }[] = []
  process.emitWarning = ((message: unknown, options: unknown) => {
    seen.push({ message, options })
  }) as typeof process.emitWarning
  t.teardown(() => {
    process.emitWarning = real
  })
  return seen
}

t.test('the store keeps the promises of SessionStore', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  await storeConformance(t, 'InMemoryStore', async () => ({ store: new InMemoryStore(), advance }))
})

t.test('a session expires at the exact millisecond', async (t) => {
  const start = 1_700_000_000_002
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  for (let milliseconds = 1; milliseconds <= 200; milliseconds++) {
    clock.set(start / 1000)
    await put(store, milliseconds, milliseconds / 1000)
    clock.set((start + milliseconds - 1) / 1000)
    const before = await has(store, milliseconds)
    clock.set((start + milliseconds) / 1000)
    t.same([before, await has(store, milliseconds)], [true, false], `${milliseconds} ms`)
  }
})

t.test('a write or a touch with a ttl of 0 removes the session', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  for (const ttl of [0, -1, Number.NaN]) {
    t.equal(await put(store, 'a', ttl), 'a')
    t.equal(store.size, 0, 'a new session is not stored')
    await put(store, 'a')
    t.equal(await put(store, 'a', ttl), 'a')
    t.equal(store.size, 0)
    await put(store, 'b')
    t.equal(await store.touch('b', HOUR, ttl), false)
    t.equal(await has(store, 'b'), false)
    t.equal(store.size, 0)
  }
})

t.test('a session with lifetime 0 ends when it was not read for gcTtl', async (t) => {
  const clock = fakeClock(t)
  for (const [store, bound] of [
    [new InMemoryStore(), 86_400] as const,
    [new InMemoryStore({ gcTtl: 10 }), 10] as const
  ]) {
    await store.write('a', data, 0, 0)
    clock.advance(bound - 1)
    t.not(await store.read('a', 0), null)
    clock.advance(bound - 1)
    t.not(await store.read('a', 0), null, 'the read before has prolonged it')
    t.equal(await store.touch('a', 0, 0), true)
    clock.advance(bound)
    t.equal(await store.read('a', 0), null)
  }
})

t.test('a session with lifetime 0 and a ttl is not kept beyond the ttl', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore({ gcTtl: 100 })
  await store.write('a', data, 0, 10)
  clock.advance(9)
  t.not(await store.read('a', 0, 5), null)
  clock.advance(5)
  t.equal(await store.read('a', 0), null)
})

t.test('each read or write of another session frees the memory of a few expired sessions', async (t) => {
  const clock = fakeClock(t)
  for (const call of ['read', 'write', 'touch', 'remove', 'replace'] as const) {
    const store = new InMemoryStore()
    for (let id = 0; id < 1_000; id++) await put(store, id, 1)
    clock.advance(1)
    let most = 0
    for (let calls = 0; calls < 1_000; calls++) {
      const before = store.size
      if (call === 'write') await put(store, 'other')
      else if (call === 'replace') await store.replace('other', data, data, HOUR, HOUR)
      else await store[call]('other', HOUR, HOUR)
      most = Math.max(most, before - store.size)
    }
    t.equal(store.size, call === 'write' ? 1 : 0, call)
    t.ok(most <= 2, `${most} at a time`)
  }
})

t.test('while sessions come and expire, only a few expired sessions are in memory', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  let most = 0
  for (let id = 0; id < 50_000; id++) {
    await put(store, id, 100)
    clock.advance(0.1)
    most = Math.max(most, store.size)
  }
  t.ok(most < 2_000, `${most} in memory, of which 1,000 have not expired`)
})

t.test('an expired session reads as null, and the read frees its memory', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  for (let id = 0; id < 100; id++) await put(store, id, 1)
  clock.advance(1)
  t.equal(await has(store, 99), false)
  t.ok(store.size < 100)
  t.equal(await store.touch('98', HOUR, HOUR), false)
  t.equal(await store.remove('97'), false)
})

t.test('the store starts no timer', async (t) => {
  const { setTimeout, setInterval } = globalThis
  t.teardown(() => Object.assign(globalThis, { setTimeout, setInterval }))
  const fail = () => t.fail('a timer')
  Object.assign(globalThis, { setTimeout: fail, setInterval: fail })
  const store = new InMemoryStore()
  await put(store, 'a', 0.01)
  t.equal(await has(store, 'a'), true)
})

t.test('100 users keep their sessions while 10,000 visitors come once', async (t) => {
  fakeClock(t)
  warnings(t)
  const store = new InMemoryStore({ maxSessions: 10_000 })
  const users = numbered('user', 100)
  for (const id of users) {
    await put(store, id)
    await has(store, id)
  }
  for (const id of numbered('visitor', 10_000)) {
    await put(store, id)
    // A request may write twice.
    await store.replace(id, data, data, HOUR, HOUR)
    await store.touch(id, HOUR, HOUR)
  }
  t.equal(store.size, 10_000)
  t.equal((await present(store, users)).length, 100)
})

t.test('500 sessions of 1 MB take 256 MiB at most, and users with small sessions keep them', async (t) => {
  fakeClock(t)
  const seen = warnings(t)
  const store = new InMemoryStore()
  const users = numbered('user', 100)
  for (const id of users) {
    await put(store, id)
    await has(store, id)
  }
  for (const id of numbered('large', 500)) await put(store, id, HOUR, 1_000_000)
  t.equal(store.size, 100 + 268)
  t.equal((await present(store, users)).length, 100)
  t.match(seen, [{ message: /InMemoryStore is full.*maxBytes.*268435456/ }])
})

t.test('among sessions that were read, and among the others, the least recently used is dropped first', async (t) => {
  fakeClock(t)
  warnings(t)
  const store = new InMemoryStore({ maxSessions: 6 })
  const ids = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const id of ids) await put(store, id)
  for (const id of ['e', 'b', 'd']) await has(store, id)
  await put(store, 'a')
  await store.touch('c', HOUR, HOUR)
  const gone: string[] = []
  for (let left = ids; left.length > 0; ) {
    const [id = ''] = gone.slice(-1)
    // The store is full each time, so each new session evicts one.
    await put(store, `new-${gone.length}`)
    await store.read(`new-${gone.length}`, HOUR)
    const missing = await missingOf(store, left)
    t.equal(missing.length, 1, `after ${id}`)
    gone.push(...missing)
    left = left.filter((other) => !missing.includes(other))
  }
  t.same(gone, ['f', 'a', 'c', 'e', 'b', 'd'])
})

/** Finds out which sessions exist, by a replace that must fail. A read would count as a use. */
async function missingOf(store: InMemoryStore, ids: readonly string[]): Promise<string[]> {
  const missing: string[] = []
  for (const id of ids) {
    const result = await store.replace(id, Buffer.from('no'), null, HOUR, HOUR)
    if (!result.replaced && result.current === null) missing.push(id)
  }
  return missing
}

t.test('a store full of read sessions keeps a sixteenth of its room for new sessions', async (t) => {
  fakeClock(t)
  warnings(t)
  const bySessions = new InMemoryStore({ maxSessions: 1_600 })
  const byBytes = new InMemoryStore({ maxBytes: 1_600 * 210 })
  for (const [store, ids] of [
    [bySessions, numbered('old', 1_600)],
    [byBytes, numbered('old', 1_600).map((id) => id.padEnd(10, '-'))]
  ] as const) {
    for (const id of ids) {
      await put(store, id)
      await has(store, id)
    }
    t.equal(store.size, 1_600)
    const newOnes = numbered('new', 1_000).map((id) => id.padEnd(10, '-'))
    for (const id of newOnes) await put(store, id)
    t.equal(store.size, 1_600)
    t.same(await present(store, newOnes), newOnes.slice(-100))
    t.equal((await present(store, ids)).length, 1_500)
  }
})

t.test('a full store warns once, and names the limit', async (t) => {
  fakeClock(t)
  const seen = warnings(t)
  const store = new InMemoryStore({ maxSessions: 3 })
  for (const id of ['a', 'b', 'c', 'c', 'a']) await put(store, id)
  t.equal(store.size, 3, 'a session that exists already needs no further room')
  t.equal(seen.length, 0)
  for (const id of ['d', 'e']) await put(store, id)
  t.equal(store.size, 3)
  t.same(await present(store, ['a', 'b', 'c', 'd', 'e']), ['a', 'd', 'e'])
  const code = 'FST_SESSION_MEMORY_FULL'
  t.match(seen, [{ message: /^InMemoryStore is full.*maxSessions: 3.*Raise maxSessions/, options: { code } }])
  t.equal(seen.length, 1)
})

t.test('a session that grows evicts other sessions, never itself', async (t) => {
  fakeClock(t)
  warnings(t)
  for (const wasRead of [true, false]) {
    const store = new InMemoryStore({ maxBytes: 1_000 })
    for (const id of ['a', 'b', 'c', 'd']) await put(store, id, HOUR, 199)
    if (wasRead) await present(store, ['a', 'b', 'c', 'd'])
    await put(store, 'a', HOUR, 999)
    t.equal(store.size, 1)
    t.equal((await store.read('a', HOUR))?.byteLength, 999)
    await put(store, 'a', HOUR, 199)
    for (const id of ['b', 'c', 'd', 'e']) await put(store, id, HOUR, 199)
    t.equal(store.size, 5, 'after it has shrunk, others can use the room')
  }
})

t.test('a session that is larger than maxBytes is refused, and nothing else changes', async (t) => {
  const seen = warnings(t)
  const store = new InMemoryStore({ maxBytes: 1_000 })
  await put(store, 'a', HOUR, 400)
  await put(store, 'b', HOUR, 400)
  const error = { code: 'FST_SESSION_TOO_LARGE', message: /maxBytes/ }
  await t.rejects(async () => put(store, 'c', HOUR, 1_000), error)
  await t.rejects(async () => put(store, 'a', HOUR, 1_000), error)
  await t.rejects(async () => store.replace('a', Buffer.alloc(400, 'x'), Buffer.alloc(1_000), HOUR, HOUR), error)
  t.match(await store.replace('a', Buffer.alloc(5_000), data, HOUR, HOUR), { replaced: false })
  t.equal(store.size, 2)
  t.equal((await store.read('a', HOUR))?.byteLength, 400)
  t.equal(await has(store, 'c'), false)
  t.equal(seen.length, 0)
  await put(store, 'd', HOUR, 999)
  t.equal(store.size, 1, 'a session that is as large as maxBytes with its id is stored')
})

t.test('expired sessions make room without a warning', async (t) => {
  const clock = fakeClock(t)
  const seen = warnings(t)
  const store = new InMemoryStore({ maxSessions: 2 })
  await put(store, 'a', 10)
  await put(store, 'b')
  clock.advance(10)
  await put(store, 'c')
  t.same(await present(store, ['a', 'b', 'c']), ['b', 'c'])
  t.equal(seen.length, 0)
})

t.test('a read returns a copy of the bytes, for each kind of view', async (t) => {
  const store = new InMemoryStore()
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const shared = new Uint8Array(new SharedArrayBuffer(256))
  shared.set(every)
  for (const bytes of [every, Buffer.from(every), shared, Buffer.concat([every, every]).subarray(100, 356)]) {
    await store.write('a', bytes, HOUR, HOUR)
    t.equal(Buffer.from(bytes).equals((await store.read('a', HOUR))!), true)
    const refused = await store.replace('a', Buffer.from('no'), null, HOUR, HOUR)
    if (!refused.replaced) refused.current?.fill(0)
    ;(await store.read('a', HOUR))?.fill(0)
    t.equal(Buffer.from(bytes).equals((await store.read('a', HOUR))!), true)
  }
})

t.test('random calls give the same results as a simple list in the order of use', async (t) => {
  const clock = fakeClock(t)
  warnings(t)
  let seed = 1
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 1
    return (seed >>> 8) % below
  }
  const store = new InMemoryStore({ maxSessions: 8 })
  /** The least recently used session is first. Sessions that were read come after those that were not. */
  let model: { id: string; expires: number; wasRead: boolean }[] = []
  let at = 0
  for (let step = 0; step < 5_000; step++) {
    at += random(2)
    clock.set(1_700_000_000 + at)
    const id = String(random(12))
    const known = model.find((one) => one.id === id && one.expires > at)
    const others = model.filter((one) => one.id !== id)
    const kind = random(4)
    if (kind === 0) {
      t.equal((await store.read(id, HOUR)) !== null, known !== undefined)
      model = known === undefined ? others : [...others, { ...known, wasRead: true }]
    } else if (kind === 1) {
      t.equal(await store.remove(id), known !== undefined)
      model = others
    } else if (kind === 2) {
      t.equal(await store.touch(id, HOUR, 1_000), known !== undefined)
      model = known === undefined ? others : [...others, { ...known, expires: at + 1_000 }]
    } else {
      await put(store, id, 1_000)
      if (others.length === 8) {
        const leaves = others.find((one) => !one.wasRead) ?? others[0]
        others.splice(others.indexOf(leaves!), 1)
      }
      model = [...others, { id, expires: at + 1_000, wasRead: known?.wasRead ?? false }]
    }
    const live = model.filter((one) => one.expires > at)
    if (live.length !== model.length) {
      // The store may keep expired sessions in memory for a while.
      for (const one of model) if (one.expires <= at) await store.remove(one.id)
      model = live
    }
    if (store.size !== model.length) t.fail(`step ${step}: ${store.size} instead of ${model.length}`)
  }
  t.same(
    await present(
      store,
      model.map(({ id }) => id)
    ),
    model.map(({ id }) => id)
  )
})

t.test('the cost of a write hardly depends on the number of sessions, whether the store is full or not', async (t) => {
  warnings(t)
  const cost = async (count: number): Promise<number> => {
    const store = new InMemoryStore({ maxSessions: count })
    for (let id = 0; id < count; id++) await put(store, id)
    const start = process.cpuUsage()
    for (let id = 0; id < 20_000; id++) await put(store, `new-${id}`)
    const { user, system } = process.cpuUsage(start)
    t.equal(store.size, count)
    return user + system
  }
  await cost(1_000)
  const few = await cost(1_000)
  const many = await cost(100_000)
  t.ok(many < 20 * few, `${many} and ${few} microseconds: a hundred times the sessions, not the cost`)
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const options = (value: unknown) => () => new InMemoryStore(value as object)
  t.throws(options({ maxSession: 1 }), {
    code: 'FST_SESSION_OPTIONS',
    message: /^InMemoryStore: .*"maxSession".*"maxSessions"/
  })
  for (const name of ['gcTtl', 'maxSessions', 'maxBytes']) {
    for (const wrong of [0, -1, 0.5, '1', Number.NaN, Number.POSITIVE_INFINITY, null]) {
      t.throws(options({ [name]: wrong }), { message: `InMemoryStore: ${name} must be a positive integer` })
    }
    t.doesNotThrow(options({ [name]: 1 }))
    t.doesNotThrow(options({ [name]: undefined }))
  }
  t.throws(options(null), { code: 'FST_SESSION_OPTIONS' })
})

t.test('a move of a session that is larger than maxBytes is refused, and nothing changes', async (t) => {
  const store = new InMemoryStore({ maxBytes: 1_000 })
  await put(store, 'a', HOUR, 400)
  const before = Buffer.alloc(400, 'x')
  const move = (size: number) => store.move?.('a', before, data, 60, 'new', Buffer.alloc(size), HOUR, HOUR)
  await t.rejects(async () => move(1_000), { code: 'FST_SESSION_TOO_LARGE' })
  t.same(await store.read('a', HOUR), before)
  t.equal(await has(store, 'new'), false)
  t.same(await move(300), { replaced: true })
  t.same(await store.read('a', HOUR), data)
})

t.test('a subclass, or a store with another method, has no move', async (t) => {
  class Subclass extends InMemoryStore {}
  t.equal(new Subclass().move, undefined)
  t.equal(Object.assign(new InMemoryStore(), { write: async (id: string) => id }).move, undefined)
  t.type(new InMemoryStore().move, 'function')
})

t.test('a store without room for the old and the new session moves nothing', async (t) => {
  t.intercept(process, 'emitWarning', { value: () => undefined })
  const store = new InMemoryStore({ maxSessions: 1 })
  await put(store, 'a')
  t.same(await store.move?.('a', data, data, 60, 'new', data, HOUR, HOUR), { replaced: false, current: null })
  t.equal(await has(store, 'new'), false, 'without a tombstone, a logout with the old id would not find it')
})
