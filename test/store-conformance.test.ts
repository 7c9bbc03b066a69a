import t from 'tap'
import { interleavingCases, storeCases } from '../lib/store-conformance.ts'
import type { SessionStore } from '../types/store.ts'
import type { Case, InterleavingOptions, Subject } from '../types/store-conformance.ts'
import { fakeClock } from './support/fake-clock.ts'
import { MapStore } from './support/map-store.ts'
import { ModelStore } from './support/model-store.ts'
import { runCases, storeInterleavings } from './support/store-conformance.ts'
import { MUTANTS, promising, stopTimers } from './support/store-mutants.ts'

/** Makes subjects whose database can break. */
const subjects =
  (
    clock: { advance(seconds: number): void },
    spoil: (store: ModelStore) => void = () => undefined,
    wrap: (store: ModelStore) => SessionStore = (store) => store as unknown as SessionStore
  ): (() => Promise<Subject>) =>
  async () => {
    const model = new ModelStore()
    spoil(model)
    return {
      store: wrap(model),
      advance: (seconds) => clock.advance(seconds),
      async break() {
        model.isBroken = true
        return () => {
          model.isBroken = false
        }
      }
    }
  }

const running = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

const named = (cases: readonly Case[], title: RegExp): Case => cases.find((one) => title.test(one.title))!

t.test('a correct store passes, whether it answers at once or with promises, and no case leaves a timer', async (t) => {
  const clock = fakeClock(t)
  const before = running()
  for (const wrap of [undefined, promising]) {
    const make = subjects(clock, undefined, wrap)
    await runCases(t, await storeCases(make))
    t.equal(await storeInterleavings(t, make), 45)
  }
  t.equal(running(), before)
})

t.test('each change of a correct store is noticed by the case that is made for it', async (t) => {
  const clock = fakeClock(t)
  t.ok(MUTANTS.length >= 26, `${MUTANTS.length} changes`)
  for (const [change, spoil, noticed] of MUTANTS) {
    const cases = (await storeCases(subjects(clock, spoil))).filter(({ title }) => noticed.test(title))
    t.equal(cases.length, 1, `one case for: ${change}`)
    // A store that throws where it must not is noticed by its own error.
    await t.rejects(cases[0]!.run(), { message: /must|not found/ }, change)
  }
  stopTimers()
})

t.test('a store gets the cases that fit its members', async (t) => {
  const titles = async (store: object) =>
    (await storeCases(async () => ({ store: store as SessionStore }))).map(({ title }) => title)
  const all = await titles(new ModelStore())
  t.equal(new Set(all).size, all.length, 'no title occurs twice')
  const three = await titles(new MapStore())
  t.notMatch(three.join(), /touch|prolongs|replace |explain|for one cookie|shares|broken/)
  t.match((await titles(Object.assign(new MapStore(), { ownsIds: true }))).join(), /write returns the id given/)
})

t.test('each subject is closed, also after a case that has failed', async (t) => {
  let open = 0
  const make = async () => {
    open++
    return { store: Object.assign(new MapStore(), { read: async () => null }), close: () => void open-- }
  }
  const cases = await storeCases(make)
  t.equal(open, 0)
  await named(cases, /unknown id/).run()
  await t.rejects(named(cases, /removed session/).run(), {
    code: 'ERR_ASSERTION',
    message: "read(): the answer is null, but must be 'b'"
  })
  t.equal(open, 0)
})

t.test('ids are unique, so several processes may test one database', async (t) => {
  const ids = new Set<string>()
  const store = new MapStore()
  const { write } = store
  store.write = async (id, ...rest) => {
    ids.add(id)
    return write.call(store, id, ...rest)
  }
  const [first, second] = [await storeCases(async () => ({ store })), await storeCases(async () => ({ store }))]
  for (const cases of [first, first, second]) await named(cases, /^write returns the id/).run()
  t.equal(ids.size, 3)
})

t.test('without advance, a case waits', async (t) => {
  const cases = await storeCases(async () => ({ store: new MapStore() }))
  const began = performance.now()
  await named(cases, /ttl, not for its lifetime/).run()
  t.ok(performance.now() - began >= 490)
})

t.test('make must make a store, and the message says so', async (t) => {
  const wrong = { code: 'FST_SESSION_OPTIONS', message: /^make\(\) must resolve to \{ store \}/ }
  for (const subject of [undefined, {}, new MapStore(), { store: { read() {}, write() {} } }, { store: MapStore }]) {
    await t.rejects(
      storeCases(async () => subject as unknown as Subject),
      wrong
    )
    await t.rejects(
      interleavingCases(async () => subject as unknown as Subject),
      wrong
    )
  }
})

t.test('break must return the function that mends', async (t) => {
  const make = async () => ({ store: new MapStore(), break: async () => undefined })
  const cases = await storeCases(make as unknown as () => Promise<Subject>)
  await t.rejects(named(cases, /broken/).run(), {
    code: 'FST_SESSION_OPTIONS',
    message: 'break() must resolve to a function that mends the database'
  })
})

t.test('interleavingCases tests all pairs of requests, and all combinations of three on demand', async (t) => {
  const make = subjects(fakeClock(t))
  t.equal((await interleavingCases(make)).length, 45)
  t.equal((await interleavingCases(make, { threes: true })).length, 45 + 165)
})

t.test('interleavingCases refuses a store that cannot keep the promises, and unknown options', async (t) => {
  await t.rejects(
    interleavingCases(async () => ({ store: new MapStore() })),
    { code: 'FST_SESSION_OPTIONS', message: /^interleavingCases needs a store with replace\(\)/ }
  )
  await t.rejects(interleavingCases(subjects(fakeClock(t)), { three: true } as InterleavingOptions), {
    code: 'FST_SESSION_OPTIONS',
    message: /"three".*"threes"/
  })
})
