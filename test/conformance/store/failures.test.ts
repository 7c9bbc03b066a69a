import t, { type Test } from 'tap'
import { storeCases } from '../../../lib/store-conformance.ts'
import { MapStore } from '../../support/map-store.ts'

type Broken = MapStore & { isBroken?: boolean }

async function caseOver(store: Broken, mend = () => undefined as unknown) {
  const make = async () => ({
    store,
    async break() {
      store.isBroken = true
      return async () => {
        store.isBroken = false
        await mend()
      }
    }
  })
  return (await storeCases(make)).find(({ title }) => title.startsWith('while the database is broken'))!
}

/** Each method of the store fails while the database is broken, in the way that `fail` says. */
function breakable(fail: () => unknown): Broken {
  const store: Broken = new MapStore()
  for (const name of ['read', 'write', 'remove'] as const) {
    const original = store[name].bind(store) as (...args: unknown[]) => unknown
    Object.assign(store, { [name]: (...args: unknown[]) => (store.isBroken ? fail() : original(...args)) })
  }
  return store
}

const refuse = () => Promise.reject(new Error('connection refused'))

/** Timers run at once. */
function impatient(t: Test): void {
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((run: () => void, _delay: number, ...args: []) =>
    setTimeout(run, 0, ...args)) as typeof setTimeout
  t.teardown(() => {
    globalThis.setTimeout = setTimeout
  })
}

t.test('a store without break gets no case', async (t) => {
  t.notMatch((await storeCases(async () => ({ store: new MapStore() }))).map(({ title }) => title).join(), /broken/)
})

t.test('a rejection and an exception both say that the database is broken', async (t) => {
  await (await caseOver(breakable(refuse))).run()
  await (
    await caseOver(
      breakable(() => {
        throw new Error('connection refused')
      })
    )
  ).run()
  t.pass('both hold')
})

t.test('a method that never answers fails the case, which names the remedy', async (t) => {
  impatient(t)
  const hanging = await caseOver(breakable(() => new Promise(() => undefined)))
  await t.rejects(hanging.run(), {
    code: 'ERR_ASSERTION',
    message: 'while the database is broken, read() must reject within 10 s: give the client a time limit'
  })
})

t.test('a method that resolves fails the case, and the database is mended all the same', async (t) => {
  const store = breakable(async () => null)
  await t.rejects((await caseOver(store)).run(), {
    code: 'ERR_ASSERTION',
    message: /^while the database is broken, read\(\) must reject, not resolve/
  })
  t.equal(store.isBroken, false)
})

t.test('a client may need some time to find the mended database, but not for ever', async (t) => {
  impatient(t)
  let left = 3
  const slow = breakable(refuse)
  const { read } = slow
  slow.read = async (...args) => {
    if (left > 0 && slow.isBroken === false && left-- > 0) throw new Error('not connected yet')
    return read(...args)
  }
  await (await caseOver(slow)).run()
  t.equal(left, 0)
  const lost = breakable(refuse)
  const stillBroken = await caseOver(lost, () => {
    lost.isBroken = true
  })
  await t.rejects(stillBroken.run(), { message: 'connection refused' })
})
