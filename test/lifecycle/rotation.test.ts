import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { leadsTo, leaveTombstone, moveToNewId, replacedRecord } from '../../lib/lifecycle/rotation.ts'
import { seal } from '../../lib/lifecycle/seal.ts'
import { Records } from '../../lib/record/records.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'

const metadata = { lifetime: 0, created: 1_600_000_000, last_access: 1_600_000_000 }

async function make() {
  const store = new InMemoryStore()
  const records = new Records(resolveOptions({ store }))
  const write = (id: string) => records.write(id, { data: { id }, metadata })
  const tombstone = async (id: string) => {
    const found = await records.read(id)
    return found.kind === 'rotated' ? found.tombstone : undefined
  }
  return { store, records, write, tombstone }
}

t.test('repeating a rotation whose answer was lost does not add the successor twice', async (t) => {
  const { records, write, tombstone } = await make()
  const old = await write('old')
  await write('new')
  for (let times = 0; times < 2; times++) t.equal(await leaveTombstone(records, old, 'new'), null)
  t.match(await tombstone('old'), { successors: { length: 1 } })
})

t.test('a tombstone leads to at most 16 sessions', async (t) => {
  const { records, write, tombstone } = await make()
  const old = await write('old')
  const ids = Array.from({ length: 17 }, (_, index) => `new-${index}`)
  for (const id of ids) await write(id)
  for (const id of ids.slice(0, 16)) t.equal(await leaveTombstone(records, old, id), null)
  await t.rejects(leaveTombstone(records, old, 'new-16'), { code: 'FST_SESSION_GONE' })
  const found = (await tombstone('old'))!
  t.equal(found.successors.length, 16)
  t.same(
    ids.map((id) => leadsTo(found, id)),
    ids.map((_, index) => index < 16)
  )
  t.equal(await leaveTombstone(records, old, 'new-3'), null, 'a known successor is accepted')
})

t.test('a rotation that loses each attempt to another one gives up', async (t) => {
  const { records, write } = await make()
  const old = await write('old')
  await write('new')
  let attempts = 0
  const { replaceByTombstone: original } = records
  records.replaceByTombstone = async (id, expected, successors, from) => {
    attempts++
    const found = await records.read(id)
    const bytes = found.kind === 'rotated' ? found.tombstone.bytes : old.bytes
    await original.call(records, id, bytes, [seal('old', 'new')], from)
    return original.call(records, id, expected, successors, from)
  }
  await t.rejects(leaveTombstone(records, old, 'other'), { code: 'FST_SESSION_CONFLICT' })
  t.equal(attempts, 17)
})

t.test('the search for a living successor reads at most 64 records', async (t) => {
  const { store, records, write } = await make()
  const old = await write('old')
  const { bytes } = await write('circle')
  const circle = Array.from({ length: 40 }, () => seal('circle', 'circle'))
  await records.replaceByTombstone('circle', bytes, circle, metadata)
  await records.replaceByTombstone('old', old.bytes, [seal('old', 'circle')], metadata)
  let reads = 0
  const { read } = store
  store.read = (...args) => {
    reads++
    return read.apply(store, args)
  }
  t.same(await leaveTombstone(records, old, 'new'), { kind: 'missing' })
  t.equal(reads, 64)
})

t.test('a session whose tombstone has no readable successor is gone', async (t) => {
  const { records, write } = await make()
  const old = await write('old')
  await write('new')
  await records.replaceByTombstone('old', old.bytes, ['damaged'], metadata)
  t.same(await leaveTombstone(records, old, 'new'), { kind: 'missing' })
})

const draft = { data: { moved: true }, metadata }

/** The store does `what` with the next moveToNewId, and then its answer is lost. */
function loseAnswer(store: InMemoryStore, what: (apply: () => unknown) => unknown): void {
  const original = store.move!.bind(store)
  Object.defineProperty(store, 'move', {
    value: async (...args: Parameters<typeof original>) => {
      await what(() => original(...args))
      throw new Error('the connection was lost')
    }
  })
}

t.test('a move writes the new record and the tombstone at once', async (t) => {
  const { records, write, tombstone } = await make()
  const old = await write('old')
  t.match(moveToNewId(records, old, 'new', draft), { ok: true, stored: { id: 'new' } })
  t.match(await records.read('new'), { kind: 'session', data: { moved: true } })
  t.equal(leadsTo((await tombstone('old'))!, 'new'), true)
})

t.test('a move whose answer was lost succeeds if the tombstone leads to the new record', async (t) => {
  const { store, records, write } = await make()
  const old = await write('old')
  loseAnswer(store, (apply) => apply())
  t.match(await moveToNewId(records, old, 'new', draft), { ok: true, stored: { id: 'new' } })
})

t.test('a move whose answer was lost returns what is there if the new session has ended meanwhile', async (t) => {
  const { store, records, write } = await make()
  const old = await write('old')
  loseAnswer(store, async (apply) => {
    await apply()
    await store.remove('new')
  })
  t.match(await moveToNewId(records, old, 'new', draft), { ok: false, found: { kind: 'missing' } })
})

t.test('a move whose answer was lost fails if there is no tombstone, or one of another rotation', async (t) => {
  const { store, records, write } = await make()
  const old = await write('old')
  loseAnswer(store, () => undefined)
  await t.rejects(async () => moveToNewId(records, old, 'new', draft), { code: 'FST_SESSION_STORE' })
  await write('other')
  t.equal(await leaveTombstone(records, old, 'other'), null)
  await t.rejects(async () => moveToNewId(records, old, 'new', draft), { code: 'FST_SESSION_STORE' })
})

t.test('a move fails with its own error if the store does not answer the second read either', async (t) => {
  const { store, records, write } = await make()
  const old = await write('old')
  loseAnswer(store, (apply) => apply())
  store.read = () => {
    throw new Error('down')
  }
  await t.rejects(async () => moveToNewId(records, old, 'new', draft), {
    cause: { message: 'the connection was lost' }
  })
})

t.test('other errors of a move are thrown at once', async (t) => {
  const { records, write } = await make()
  const old = await write('old')
  await t.rejects(async () => moveToNewId(records, old, 'new', { ...draft, data: { a: 1n } }), {
    code: 'FST_SESSION_SERIALIZE'
  })
  t.match(await records.read('old'), { kind: 'session' })
})

t.test('a replacement that found something else has no record', async (t) => {
  const stored = {
    id: 'id',
    bytes: Buffer.from('{}'),
    record: '{}',
    metadata: { lifetime: 0, created: 0, last_access: 0 }
  }
  t.equal(replacedRecord({ ok: true, stored }), stored)
  t.throws(() => replacedRecord({ ok: false, found: { kind: 'missing' } }), { code: 'FST_SESSION_GONE' })
})
