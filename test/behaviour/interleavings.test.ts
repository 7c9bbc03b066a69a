import t from 'tap'
import { interleavingCases } from '../../lib/store-conformance.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import type { InterleavingOptions } from '../../types/store-conformance.ts'
import { storeInterleavings } from '../support/store-conformance.ts'

type Move = NonNullable<SessionStore['move']>

// Without the random part, the pause between two attempts has its shortest length.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

const WAYS = { merging: {}, rejecting: { concurrency: 'reject' }, rolling: { lifetime: 60, rolling: true } } as const

for (const [way, plugin] of Object.entries(WAYS)) {
  t.test(`two requests keep all promises in every order of their store operations (${way})`, async (t) => {
    t.equal(await storeInterleavings(t, async () => ({ store: new InMemoryStore() }), { plugin }), 45)
  })
}

t.test('two requests keep all promises over a store without move, where a rotation takes two steps', async (t) => {
  const make = async () => ({ store: Object.defineProperty(new InMemoryStore(), 'move', { value: undefined }) })
  t.equal(await storeInterleavings(t, make), 45)
})

/**
 * The cases over a spoiled store.
 * @returns what a case throws about these two requests
 */
async function over(spoil: (store: InMemoryStore) => void, plugin: InterleavingOptions['plugin'] = {}) {
  const make = async () => {
    const store = new InMemoryStore()
    spoil(store)
    return { store }
  }
  const cases = await interleavingCases(make, { plugin })
  return async (pair: string) => {
    const found = cases.find(({ title }) => title.endsWith(`: ${pair}`))!
    return found.run().then(
      () => 'all promises were kept',
      (error: Error) => error.message
    )
  }
}

t.test('the cases find a violation if a move does not compare', async (t) => {
  const withMove = (move: SessionStore['move']) => (store: InMemoryStore) => {
    Object.defineProperty(store, 'move', { value: move?.bind(store) })
  }
  const blind = withMove(async function (this: InMemoryStore, ...args) {
    const [id, , tombstone, tombstoneTtl, newId, data, lifetime, ttl] = args
    await this.write(newId, data, lifetime, ttl)
    await this.write(id, tombstone, tombstoneTtl, tombstoneTtl)
    return { replaced: true }
  } as Move)
  const broken = await over(blind)
  t.match(await broken('destroy, regenerateId'), 'life after destroy()')
  t.match(await broken('write other key, regenerateId'), 'a lost write')
})

t.test('the cases find a violation of each promise if the store does not compare', async (t) => {
  const broken = await over((store) => {
    store.replace = async (id, _expected, data, lifetime, ttl) => {
      if (data === null) await store.remove(id)
      else await store.write(id, data, lifetime, ttl)
      return { replaced: true }
    }
  })
  t.match(
    await broken('write other key, write other key'),
    /Broken: a lost write \(1 read, 2 read, 1 replace, 2 replace\)/
  )
  t.match(await broken('update, update'), '2 acknowledged updates, 1 counted')
  t.match(await broken('write other key, destroy'), 'life after destroy()')
  t.match(await broken('clear, update'), 'life after clear()')
  t.match(await broken('destroy, regenerateId'), 'life after destroy()')
  t.match(await broken('write other key, regenerateId'), 'life under an id that was rotated away')
  t.equal(await broken('read, read'), 'all promises were kept')
})

t.test('the cases find that a page requested during a login undoes it if tombstones cannot be read', async (t) => {
  const broken = await over((store) => {
    const { read } = store
    store.read = async (...args) => {
      const bytes = await read.apply(store, args)
      return bytes !== null && Buffer.from(bytes).includes('"rotated"') ? null : bytes
    }
  })
  t.match(await broken('regenerateId, page'), 'a login that the browser has lost')
})

t.test('the cases find that an older cookie replaces a newer one if reads are outdated', async (t) => {
  const broken = await over((store) => {
    const first = new Map<string, Uint8Array | null>()
    const { read } = store
    store.read = async (id, ...rest) => {
      // The final check reads with a lifetime of 0, and must see the real record.
      if (rest[0] === 0) return read.call(store, id, ...rest)
      if (!first.has(id)) first.set(id, await read.call(store, id, ...rest))
      return first.get(id) ?? null
    }
  }, WAYS.rolling)
  const message = await broken('read, regenerateId')
  t.match(message, 'an older cookie over a newer one')
  t.match(message, 'a login that the browser has lost')
  t.match(message, 'the cookie of a session that is not there')
})

t.test('the cases find that destroy() misses rotated sessions if no tombstone is written', async (t) => {
  const broken = await over((store) => {
    const { replace } = store
    store.replace = (id, expected, data, lifetime, ttl) => {
      const isTombstone = data !== null && Buffer.from(data).includes('"rotated"')
      return replace.call(store, id, expected, isTombstone ? null : data, lifetime, ttl)
    }
  })
  const message = await broken('destroy, regenerateId')
  t.match(message, 'life after destroy()')
  t.match(message, 'a browser that is logged in after a logout')
})

t.test('the cases find a privilege under the old id if a store mixes up ids', async (t) => {
  const broken = await over((store) => {
    const { read, write } = store
    let last = ''
    store.read = async (id, ...rest) => {
      last = id
      return read.call(store, id, ...rest)
    }
    store.write = async (id, ...rest) => {
      if (last !== '') await write.call(store, last, ...rest)
      return write.call(store, id, ...rest)
    }
  })
  t.match(await broken('read, regenerateId'), 'a privilege under the old id')
})
