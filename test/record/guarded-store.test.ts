import t from 'tap'
import { SessionTooLargeError } from '../../lib/errors.ts'
import { StoreCalls } from '../../lib/record/guarded-store.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import { MapStore } from '../support/map-store.ts'

const BYTES = Buffer.from('{}')

/** Calls of a store, with some of its methods replaced. */
function callsOf(methods: Record<string, unknown> = {}) {
  return new StoreCalls(Object.assign(new MapStore(), methods) as unknown as SessionStore, 5)
}

t.test('nonsense for an answer is a store that could not tell', async (t) => {
  const broken = { code: 'FST_SESSION_STORE', statusCode: 503 }
  for (const answer of ['text', {}, 1]) {
    await t.rejects(callsOf({ read: async () => answer }).read('id', 0), broken)
    await t.rejects(
      callsOf({ replace: async () => ({ replaced: false, current: answer }) }).replace('id', BYTES, null, 0, 0),
      broken
    )
  }
  for (const answer of [undefined, 1, '', 'a b', 'x'.repeat(4_097)]) {
    await t.rejects(callsOf({ write: async () => answer }).write('id', BYTES, 0, 0), broken)
    await t.rejects(callsOf({ ownsIds: true, write: async () => answer }).write('', BYTES, 0, 0), {
      ...broken,
      cause: { message: /write\(\) must resolve to an id that fits into a cookie/ }
    })
  }
  for (const answer of ['another-id', 'ID', 'id ']) {
    await t.rejects(callsOf({ write: async () => answer }).write('id', BYTES, 0, 0), {
      ...broken,
      cause: { message: /write\(\) must resolve to the id that it was given.*ownsIds: true/ }
    })
  }
  for (const answer of [undefined, null, 1, 0, 'OK', {}]) {
    await t.rejects(callsOf({ touch: async () => answer }).touch('id', 60, 60), {
      ...broken,
      cause: { message: "the store's touch() must resolve to true, or to false when nothing is under the id" }
    })
  }
  for (const answer of [undefined, null, true, {}]) {
    await t.rejects(callsOf({ replace: async () => answer }).replace('id', BYTES, null, 0, 0), broken)
  }
})

t.test('the time of our own stores is bounded as well, where somebody has changed a method', async (t) => {
  const alive = setTimeout(() => undefined, 10_000)
  t.teardown(() => clearTimeout(alive))
  const never = () => new Promise<never>(() => undefined)
  const replaced = Object.assign(new InMemoryStore(), { read: never })
  const wrapped = new Proxy(new InMemoryStore(), {
    get: (store, key) => (key === 'read' ? never : Reflect.get(store, key))
  })
  class Subclass extends InMemoryStore {
    override read = never
  }
  for (const store of [replaced, wrapped, new Subclass()]) {
    await t.rejects(new StoreCalls(store, 0.01).read('id', 0), { code: 'FST_SESSION_STORE' })
  }
})

t.test('nothing is null, however the store says it', async (t) => {
  for (const nothing of [null, undefined]) {
    t.equal(await callsOf({ read: async () => nothing }).read('id', 0), null)
    const calls = callsOf({ replace: async () => ({ replaced: false, current: nothing }) })
    t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: false, current: null })
  }
})

t.test('without replace, the steps of one are read, compare and write', async (t) => {
  const calls = callsOf()
  await calls.write('id', Buffer.from('1'), 0, 0)
  t.same(await calls.replace('id', Buffer.from('2'), BYTES, 0, 0), { replaced: false, current: Buffer.from('1') })
  t.same(await calls.replace('id', Buffer.from('1'), BYTES, 0, 0), { replaced: true })
  t.same(await calls.read('id', 0), BYTES)
  t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: true })
  t.same(await calls.replace('id', BYTES, null, 0, 0), { replaced: false, current: null })
})

t.test('a store that makes its own ids may answer another one', async (t) => {
  const calls = callsOf({ ownsIds: true, write: async () => 'its-own' })
  t.equal(await calls.write('', BYTES, 0, 0), 'its-own')
  t.equal(await calls.write('id', BYTES, 0, 0), 'its-own')
})

t.test('a store that cannot touch has touched nothing', async (t) => {
  t.equal(await callsOf({ touch: async () => false }).touch('id', 60, 60), false)
  t.equal(await callsOf().touch('id', 60, 60), false)
  t.equal(await callsOf({ touch: async () => true }).touch('id', 60, 60), true)
})

t.test('that something is too large is said as it is', async (t) => {
  const error = new SessionTooLargeError('x')
  await t.rejects(callsOf({ write: () => Promise.reject(error) }).write('id', BYTES, 0, 0), {
    code: 'FST_SESSION_TOO_LARGE'
  })
})

t.test('a store that asks nobody is not timed, unless somebody has made another one of it', async (t) => {
  const started: number[] = []
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    started.push(Number(args[1]))
    return setTimeout(...args)
  }) as typeof setTimeout
  t.teardown(() => {
    globalThis.setTimeout = setTimeout
  })
  await new StoreCalls(new InMemoryStore(), 5).read('id', 0)
  t.same(started, [])
  class Slow extends InMemoryStore {}
  await new StoreCalls(new Slow(), 5).read('id', 0)
  t.same(started, [5_000])
})

t.test('why a store refuses an id goes on only as a code, whatever the store answers', async (t) => {
  const explain = (answer: () => unknown) =>
    new StoreCalls(Object.assign(new MapStore(), { explain: answer as () => string }), 5).explain('id', 60)
  t.equal(new StoreCalls(new MapStore(), 5).explain('id', 60), undefined)
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
