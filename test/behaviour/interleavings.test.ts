import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Action, Interleaving, PAIRS } from '../support/interleave.ts'

// Without the random part, the pause between two attempts has its shortest length.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

/** @param spoil breaks a part of the store */
async function inMemory(
  t: { teardown(fn: () => unknown): void },
  spoil: (store: InMemoryStore) => void = () => undefined,
  options: StarsessionsOptions = {}
) {
  let store: SessionStore
  return Interleaving.over(
    t,
    () => store,
    async () => {
      const fresh = new InMemoryStore()
      spoil(fresh)
      store = fresh
    },
    options
  )
}

const WAYS = { merging: {}, rejecting: { concurrency: 'reject' }, rolling: { lifetime: 60, rolling: true } } as const

for (const [way, options] of Object.entries(WAYS)) {
  t.test(`two requests keep all promises in every order of their store operations (${way})`, async (t) => {
    const interleaving = await inMemory(t, undefined, options)
    const orders = await interleaving.hold(t, PAIRS)
    t.ok(orders > 100, `${orders} orders`)
  })
}

t.test('the test finds a violation of each promise if the store does not compare', async (t) => {
  const blind = await inMemory(t, (store) => {
    store.replace = async (id, _expected, data, lifetime, ttl) => {
      if (data === null) await store.remove(id)
      else await store.write(id, data, lifetime, ttl)
      return { replaced: true }
    }
  })
  const broken = async (...pair: Action[]) => [...(await blind.all(pair)).violations]
  t.match((await broken('write other key', 'write other key')).join(), 'a lost write')
  t.match((await broken('update', 'update')).join(), '2 acknowledged updates, 1 counted')
  t.match((await broken('write other key', 'destroy')).join(), 'life after destroy()')
  t.match((await broken('update', 'clear')).join(), 'life after clear()')
  t.match((await broken('regenerateId', 'destroy')).join(), 'life after destroy()')
  t.match((await broken('write other key', 'regenerateId')).join(), 'life under an id that was rotated away')
})

t.test('the test finds that a page requested during a login undoes it if tombstones cannot be read', async (t) => {
  const forgetful = await inMemory(t, (store) => {
    const { read } = store
    store.read = async (...args) => {
      const bytes = await read.apply(store, args)
      return bytes !== null && Buffer.from(bytes).includes('"rotated"') ? null : bytes
    }
  })
  const { violations } = await forgetful.all(['regenerateId', 'page'])
  t.match([...violations].join(), 'a login that the browser has lost')
})

t.test('the test finds that an older cookie replaces a newer one if reads are outdated', async (t) => {
  const outdated = await inMemory(
    t,
    (store) => {
      const first = new Map<string, Uint8Array | null>()
      const { read } = store
      store.read = async (id, ...rest) => {
        // The final check reads with a lifetime of 0, and must see the real record.
        if (rest[0] === 0) return read.call(store, id, ...rest)
        if (!first.has(id)) first.set(id, await read.call(store, id, ...rest))
        return first.get(id) ?? null
      }
    },
    WAYS.rolling
  )
  const violations = [...(await outdated.all(['read', 'regenerateId'])).violations].join()
  t.match(violations, 'an older cookie over a newer one')
  t.match(violations, 'a login that the browser has lost')
  t.match(violations, 'the cookie of a session that is not there')
})

t.test('the test finds that destroy() misses rotated sessions if no tombstone is written', async (t) => {
  const forgetful = await inMemory(t, (store) => {
    const { replace } = store
    store.replace = (id, expected, data, lifetime, ttl) => {
      const isTombstone = data !== null && Buffer.from(data).includes('"rotated"')
      return replace.call(store, id, expected, isTombstone ? null : data, lifetime, ttl)
    }
  })
  const violations = [...(await forgetful.all(['regenerateId', 'destroy'])).violations].join()
  t.match(violations, 'life after destroy()')
  t.match(violations, 'a browser that is logged in after a logout')
})
