import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { PagedArray } from '../../lib/stores/paged-array.ts'
import { fakeClock } from '../support/fake-clock.ts'
import type { MemoryUse } from '../support/memory-use.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const data = Buffer.alloc(200, 'x')

const put = (store: InMemoryStore, id: string | number, ttl: number) => store.write(String(id), data, HOUR, ttl)
const has = async (store: InMemoryStore, id: string | number) => (await store.read(String(id), HOUR)) !== null

interface FakeTimer {
  milliseconds: number
  isUnref: boolean
  fire: () => void
}

/** Keeps timers from running on their own; the armed ones, oldest first. */
function fakeTimers(t: Test): FakeTimer[] {
  const real = globalThis.setTimeout
  const armed: FakeTimer[] = []
  const fake = (callback: () => void, milliseconds: number) => {
    const timer = {
      milliseconds,
      isUnref: false,
      fire() {
        armed.splice(armed.indexOf(timer), 1)
        callback()
      },
      unref() {
        timer.isUnref = true
        return timer
      }
    }
    armed.push(timer)
    return timer
  }
  globalThis.setTimeout = fake as unknown as typeof setTimeout
  t.teardown(() => {
    globalThis.setTimeout = real
  })
  return armed
}

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

t.test('conformance', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  await storeConformance(t, 'InMemoryStore', async () => ({ store: new InMemoryStore(), advance }))
})

t.test('a session expires on the millisecond', async (t) => {
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

t.test('a write or a touch with no time left is a removal', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  for (const ttl of [0, -1, Number.NaN]) {
    await put(store, 'a', HOUR)
    t.equal(await put(store, 'a', ttl), 'a')
    t.equal(store.size, 0)
    await put(store, 'b', HOUR)
    t.equal(await store.touch('b', HOUR, ttl), false)
    t.equal(await has(store, 'b'), false)
    await store.remove('b')
  }
})

t.test('without a lifetime, a session ends when nobody has read it for gcTtl', async (t) => {
  const clock = fakeClock(t)
  for (const [store, bound] of [
    [new InMemoryStore(), 86_400] as const,
    [new InMemoryStore({ gcTtl: 10 }), 10] as const
  ]) {
    await store.write('a', data, 0, 0)
    clock.advance(bound - 1)
    t.not(await store.read('a', 0), null)
    clock.advance(bound - 1)
    t.not(await store.read('a', 0), null, 'the read before has moved the bound')
    t.equal(await store.touch('a', 0, 0), true)
    clock.advance(bound)
    t.equal(await store.read('a', 0), null)
  }
})

t.test('each write removes some of what has expired, and only so many', async (t) => {
  const clock = fakeClock(t)
  fakeTimers(t)
  const store = new InMemoryStore()
  for (let id = 0; id < 100; id++) await put(store, id, 1)
  clock.advance(1)
  await put(store, 'new', HOUR)
  t.ok(store.size < 100 && store.size >= 90, `${store.size}`)
  for (let count = 0; count < 100; count++) await put(store, 'new', HOUR)
  t.equal(store.size, 1)
})

t.test('a touched session outlives its first time in memory, too', async (t) => {
  const clock = fakeClock(t)
  const [timer] = [fakeTimers(t)]
  const store = new InMemoryStore()
  await put(store, 'idle', 10)
  await put(store, 'active', 10)
  await store.touch('active', HOUR, 100)
  clock.advance(10)
  timer[0]?.fire()
  t.equal(store.size, 1)
  t.equal(await has(store, 'active'), true)
})

t.test('one timer, which keeps no process alive, runs while there are sessions', async (t) => {
  const clock = fakeClock(t)
  const armed = fakeTimers(t)
  const store = new InMemoryStore()
  t.equal(armed.length, 0, 'none for an empty store')
  await put(store, 'a', 30)
  await put(store, 'b', HOUR)
  t.equal(armed.length, 1)
  t.equal(armed[0]?.isUnref, true)
  t.equal(armed[0]?.milliseconds, 30_000, 'until the first expires')

  clock.advance(30)
  armed[0]?.fire()
  t.equal(store.size, 1)
  t.equal(armed.length, 1)
  t.equal(armed[0]?.milliseconds, 60_000, 'but never longer than a minute')

  await store.remove('b')
  armed[0]?.fire()
  t.equal(armed.length, 0, 'and no longer')
})

t.test('a session that expires sooner than the timer looks is removed a minute later at most', async (t) => {
  const clock = fakeClock(t)
  const armed = fakeTimers(t)
  const store = new InMemoryStore()
  await put(store, 'late', HOUR)
  await put(store, 'soon', 1)
  t.equal(armed[0]?.milliseconds, 60_000)
  clock.advance(60)
  armed[0]?.fire()
  t.equal(store.size, 1)
})

t.test('the timer removes many in small batches, with pauses for everybody else', async (t) => {
  const clock = fakeClock(t)
  const armed = fakeTimers(t)
  const store = new InMemoryStore()
  for (let id = 0; id < 250; id++) await put(store, id, 0.01)
  t.equal(armed[0]?.milliseconds, 1_000, 'not busy with sessions of no length')
  clock.advance(1)
  armed[0]?.fire()
  t.equal(store.size, 150)
  t.equal(armed[0]?.milliseconds, 2)
  armed[0]?.fire()
  armed[0]?.fire()
  t.equal(store.size, 0)
  t.equal(armed.length, 0)
})

t.test('memory returns in real time, without a write', async (t) => {
  const store = new InMemoryStore()
  await put(store, 'a', 0.05)
  t.equal(store.size, 1)
  await sleep(1_500)
  t.equal(store.size, 0)
})

t.test('a full store evicts the session that expires first, and warns once', async (t) => {
  fakeClock(t)
  const seen = warnings(t)
  const store = new InMemoryStore({ maxSessions: 3 })
  await put(store, 'a', 20)
  await put(store, 'b', 10)
  await put(store, 'c', 30)
  t.equal(seen.length, 0)
  await put(store, 'c', 40)
  t.equal(store.size, 3, 'a session that is there already takes no room')
  await put(store, 'd', 50)
  t.equal(await has(store, 'b'), false)
  await put(store, 'e', 60)
  t.equal(await has(store, 'a'), false)
  t.same(await Promise.all(['c', 'd', 'e'].map((id) => has(store, id))), [true, true, true])
  t.equal(store.size, 3)
  t.match(seen, [
    { message: /^InMemoryStore is full.* 3 sessions.*maxSessions/, options: { code: 'FST_SESSION_MEMORY_FULL' } }
  ])
  t.equal(seen.length, 1)
})

t.test('a touched session is evicted after those that nobody touched, however many are', async (t) => {
  fakeClock(t)
  warnings(t)
  const HALF = 1_000
  const store = new InMemoryStore({ maxSessions: 2 * HALF })
  for (let id = 0; id < HALF; id++) await put(store, `active-${id}`, 10)
  for (let id = 0; id < HALF; id++) await put(store, `idle-${id}`, 20 + id)
  for (let id = HALF - 1; id >= 0; id--) await store.read(`active-${id}`, HOUR, HOUR)
  const stayed: string[] = []
  for (let id = 0; id < HALF; id++) {
    await put(store, `new-${id}`, HOUR)
    if (await has(store, `idle-${id}`)) stayed.push(`idle-${id}`)
  }
  t.same(stayed, [], 'each new one takes the place of the one that would have been the first to expire')
  let active = 0
  for (let id = 0; id < HALF; id++) if (await has(store, `active-${id}`)) active++
  t.equal(active, HALF)
})

t.test('what has expired makes room without a warning', async (t) => {
  const clock = fakeClock(t)
  fakeTimers(t)
  const seen = warnings(t)
  const store = new InMemoryStore({ maxSessions: 2 })
  await put(store, 'a', 10)
  await put(store, 'b', HOUR)
  clock.advance(10)
  await put(store, 'c', HOUR)
  t.same([await has(store, 'b'), await has(store, 'c')], [true, true])
  t.equal(seen.length, 0)
})

t.test('the cost of a write hardly depends on how many sessions there are, full or not', async (t) => {
  warnings(t)
  const { get } = PagedArray.prototype
  t.teardown(() => {
    PagedArray.prototype.get = get
  })
  const mostLooks = async (count: number): Promise<number> => {
    const store = new InMemoryStore({ maxSessions: count })
    for (let id = 0; id < count; id++) await put(store, id, 1_000 + (id % 977))
    for (let id = 0; id < count; id++) await store.touch(String(id), HOUR, 2_500)
    let looks = 0
    let most = 0
    PagedArray.prototype.get = function (index) {
      looks++
      return get.call(this, index)
    }
    for (let id = 0; id < count / 2; id++) {
      looks = 0
      await put(store, `new-${id}`, HOUR)
      most = Math.max(most, looks)
    }
    PagedArray.prototype.get = get
    t.equal(store.size, count)
    return most
  }
  const few = await mostLooks(1_000)
  const many = await mostLooks(50_000)
  t.ok(few > 10 && many < 2 * few, `at most ${few} looks for a write to 1,000 sessions, ${many} to 50,000`)
})

t.test('a session of 200 bytes takes at most 600, and gives them back, removed or expired', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--import=ts-blank-space/register',
    fileURLToPath(new URL('../support/memory-use.ts', import.meta.url))
  ])
  const { each, onHeap, removed, soon, expired, large }: MemoryUse = JSON.parse(stdout)
  t.ok(each <= 600, `${each} bytes`)
  t.ok(onHeap < 20, `${onHeap} bytes that a garbage collection stops for`)
  t.ok(removed < 20, `${removed} bytes left of one that was removed`)
  t.ok(soon <= 600, `${soon} bytes`)
  t.ok(expired < 5, `${expired} bytes left of one that expired`)
  t.ok(large < 250, `${large} bytes left of a large one`)
})

t.test('sessions expire without a look at those that stay', async (t) => {
  const clock = fakeClock(t)
  const armed = fakeTimers(t)
  const COUNT = 25_000
  const { get } = PagedArray.prototype
  t.teardown(() => {
    PagedArray.prototype.get = get
  })
  let looks = 0
  /** What each of them costs, next to that many that stay. */
  const looksBeside = async (staying: number): Promise<number> => {
    const store = new InMemoryStore()
    for (let id = 0; id < staying; id++) await put(store, `stays-${id}`, HOUR)
    for (let id = 0; id < COUNT; id++) await put(store, `goes-${id}`, 10)
    clock.advance(10)
    PagedArray.prototype.get = function (index) {
      looks++
      return get.call(this, index)
    }
    looks = 0
    let turns = 0
    for (; store.size > staying && turns < COUNT; turns++) armed.at(-1)?.fire()
    PagedArray.prototype.get = get
    t.equal(store.size, staying)
    t.equal(turns, COUNT / 100, 'a hundred at a time')
    return looks / COUNT
  }
  const few = await looksBeside(COUNT)
  const many = await looksBeside(8 * COUNT)
  t.ok(
    few > 1 && many < few * 1.5,
    `${few} looks for each beside as many that stay, ${many} beside eight times as many`
  )
})

t.test('wrong options are refused by name', async (t) => {
  const options = (value: unknown) => () => new InMemoryStore(value as object)
  t.throws(options({ maxSession: 1 }), {
    code: 'FST_SESSION_OPTIONS',
    message: /^InMemoryStore: .*"maxSession".*"maxSessions"/
  })
  t.throws(options({ maxSessions: 0 }), {
    message: 'InMemoryStore: maxSessions must be an integer from 1 to 1073741824'
  })
  t.throws(options({ maxSessions: 2 ** 30 + 1 }), { code: 'FST_SESSION_OPTIONS' })
  t.throws(options({ gcTtl: 0.5 }), { message: 'InMemoryStore: gcTtl must be a positive integer' })
  t.throws(options(null), { code: 'FST_SESSION_OPTIONS' })
  t.doesNotThrow(options({ maxSessions: 2 ** 30, gcTtl: 1 }))
})
