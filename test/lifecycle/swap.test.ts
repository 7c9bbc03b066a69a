import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { leadsTo } from '../../lib/lifecycle/rotation.ts'
import { swap } from '../../lib/lifecycle/swap.ts'
import type { Stored } from '../../lib/record/record.ts'
import { Records } from '../../lib/record/records.ts'
import { createSession, stateOf } from '../../lib/session/session.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'

type Move = NonNullable<SessionStore['move']>

const commands = {
  save: async () => undefined,
  destroy: async () => undefined,
  reload: async () => undefined,
  ended: () => new AbortController().signal,
  update: async () => undefined as never
}

/** A stored session, and the view that one request has of it. */
async function make(base: Record<string, unknown>) {
  const store = new InMemoryStore()
  const settings = resolveOptions({ store })
  const records = new Records(settings)
  const metadata = { lifetime: 0, created: 1_600_000_000, last_access: 1_600_000_000 }
  await records.write('id', { data: base, metadata })
  const found = await records.read('id')
  const stored = (found as { stored: Stored }).stored
  const view = (data: Record<string, unknown>) => {
    const body = records.codec.bodyOf(data, stored.metadata)
    const kind = {
      expiry: settings.expiry,
      newId: () => 'new-id',
      canBind: true,
      labelOf: () => ({ bytes: Buffer.alloc(0), size: 0 }),
      recordOf: () => records.codec.recordOf(data, stored.metadata),
      isChanged: () => true
    }
    const session = createSession(
      {
        kind,
        commands,
        id: 'id',
        stored,
        remnant: null,
        isSuperseded: false,
        seenAt: 0,
        metadata: stored.metadata,
        mustRotate: false,
        unconfirmed: null,
        cookieChanged: false,
        mergeableKeys: null,
        label: undefined,
        evicted: [],
        prolonged: false,
        aside: new Map()
      },
      data
    )
    return {
      state: stateOf(session),
      data,
      body,
      mergeableKeys: null,
      at: 1_600_000_010,
      prolongs: true,
      newest: undefined
    }
  }
  const data = async (id = 'id') => ((await records.read(id)) as { data?: unknown }).data
  return { store, records, stored, view, data }
}

t.test('without other requests a commit takes one attempt and one call of the store', async (t) => {
  const { records, stored, view, data, store } = await make({ a: 1 })
  let calls = 0
  const { replace } = store
  store.replace = (...args) => {
    calls++
    return replace.apply(store, args)
  }
  const done = await swap(records, stored, 'merge', view({ a: 2 }))
  t.match(done, { attempts: 1, conflicts: 0, isMerged: false, data: { a: 2 }, stored: { id: 'id' } })
  t.equal(calls, 1)
  t.same(await data(), { a: 2 })
})

t.test('after a conflict the changes are merged, and the commit is tried again', async (t) => {
  const { records, stored, view, data } = await make({ a: 1, b: 1 })
  await swap(records, stored, 'merge', view({ a: 1, b: 2 }))
  const done = await swap(records, stored, 'merge', view({ a: 2, b: 3 }))
  t.match(done, { attempts: 2, conflicts: 1, isMerged: true })
  t.same(await data(), { a: 2, b: 3 })
  await t.rejects(async () => swap(records, stored, 'reject', view({ a: 9, b: 1 })), { code: 'FST_SESSION_CONFLICT' })
})

t.test('known newer bytes are merged at once, without the attempt that would fail', async (t) => {
  const { records, stored, view, data } = await make({ a: 1 })
  const first = await swap(records, stored, 'merge', view({ a: 1, b: 1 }))
  const done = await swap(records, stored, 'merge', { ...view({ a: 2 }), prolongs: true, newest: first.stored!.bytes })
  t.match(done, { attempts: 1, isMerged: true })
  t.same(await data(), { a: 2, b: 1 })
  const again = await records.read('id')
  const same = (again as { stored: Stored }).stored
  t.match(await swap(records, same, 'merge', { ...view({ a: 3, b: 1 }), prolongs: true, newest: same.bytes }), {
    isMerged: false
  })
})

t.test('after twelve conflicts the commit fails and leaves no record behind', async (t) => {
  const { records, stored, view, store, data } = await make({ a: 1 })
  let others = 0
  const { replace } = store
  store.replace = async (id, ...rest) => {
    await records.write('id', { data: { a: 1, others: ++others }, metadata: stored.metadata })
    return replace.call(store, id, ...rest)
  }
  const change = view({ a: 2 })
  Object.assign(change.state, { id: 'new-id', mustRotate: true })
  t.equal(records.canMove, false, 'the store has another method than its own')
  await t.rejects(async () => swap(records, stored, 'merge', change), { code: 'FST_SESSION_CONFLICT' })
  t.equal(others, 12)
  t.equal(await data('new-id'), undefined)
})

/** Replaces `move` of a store. */
function withMove(store: InMemoryStore, make: (original: Move) => Move): void {
  const original = store.move!.bind(store)
  Object.defineProperty(store, 'move', { value: make(original) })
}

t.test('a rotation that loses each of its moves fails after twelve conflicts', async (t) => {
  const { records, stored, view, store, data } = await make({ a: 1 })
  let others = 0
  withMove(store, (move) => async (...args) => {
    await records.write('id', { data: { a: 1, others: ++others }, metadata: stored.metadata })
    return move(...args)
  })
  const change = view({ a: 2 })
  Object.assign(change.state, { id: 'new-id', mustRotate: true })
  await t.rejects(async () => swap(records, stored, 'merge', change), { code: 'FST_SESSION_CONFLICT' })
  t.equal(others, 12)
  t.equal(await data('new-id'), undefined)
})

t.test('a rotation takes one call of a store with moveToNewId, in the same turn of the event loop', async (t) => {
  const { records, stored, view, data } = await make({ a: 1 })
  const change = view({ a: 2 })
  Object.assign(change.state, { id: 'new-id', mustRotate: true })
  const done = swap(records, stored, 'merge', change)
  t.match(done, { attempts: 1, isMerged: false, stored: { id: 'new-id' } })
  t.same(await data('new-id'), { a: 2 })
  t.match(await records.read('id'), { kind: 'rotated', tombstone: { successors: { length: 1 } } })
})

t.test('if another rotation was faster than a moveToNewId, the tombstone leads to both new sessions', async (t) => {
  const { records, stored, view, data } = await make({ a: 1 })
  for (const id of ['new-1', 'new-2']) {
    const change = view({ a: id })
    Object.assign(change.state, { id, mustRotate: true })
    t.match(await swap(records, stored, 'merge', change), { attempts: 1, stored: { id } })
    t.same(await data(id), { a: id })
  }
  const found = await records.read('id')
  t.match(found, { kind: 'rotated', tombstone: { successors: { length: 2 } } })
  if (found.kind !== 'rotated') return
  for (const id of ['new-1', 'new-2']) t.equal(leadsTo(found.tombstone, id), true)
})

t.test('after a change by another request, a move carries the merged data', async (t) => {
  const { records, stored, view, data } = await make({ a: 1 })
  await swap(records, stored, 'merge', view({ a: 1, b: 2 }))
  const change = view({ a: 3 })
  Object.assign(change.state, { id: 'new-id', mustRotate: true })
  t.match(await swap(records, stored, 'merge', change), { attempts: 2, isMerged: true })
  t.same(await data('new-id'), { a: 3, b: 2 })
})

t.test('an id whose move had no answer is not used again', async (t) => {
  const { records, stored, view, store } = await make({ a: 1 })
  withMove(store, () => () => Promise.reject(new Error('down')))
  const change = view({ a: 2 })
  Object.assign(change.state, { id: 'lost-id', mustRotate: true })
  await t.rejects(async () => swap(records, stored, 'merge', change), { code: 'FST_SESSION_STORE' })
  t.equal(change.state.unanswered, 'lost-id')
  t.match(await records.read('id'), { kind: 'session' })
})

t.test('if the new record cannot be removed again, the error is still the reason of the failure', async (t) => {
  const { records, stored, view, store } = await make({ a: 1 })
  await store.remove('id')
  store.remove = async () => {
    throw new Error('down')
  }
  const change = view({ a: 2 })
  Object.assign(change.state, { id: 'new-id', mustRotate: true })
  await t.rejects(async () => swap(records, stored, 'merge', change), { code: 'FST_SESSION_GONE' })
})
