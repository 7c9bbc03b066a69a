import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import type { Stored } from '../../lib/record/record.ts'
import { Records } from '../../lib/record/records.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { fakeClock } from '../support/fake-clock.ts'

const metadata = { lifetime: 0, created: 1_699_999_990, last_access: 1_699_999_990 }

t.test('a read finds a session, a tombstone, an unusable record, or nothing', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const records = new Records(resolveOptions({ store, lifetime: 60 }))
  t.match(await records.read('id'), { kind: 'missing' })
  await records.write('id', { data: { a: 1 }, metadata })
  const found = await records.read('id')
  t.match(found, { kind: 'session', data: { a: 1 }, stored: { id: 'id', metadata: { lifetime: 60 } } })
  const { bytes } = (found as { stored: Stored }).stored
  t.match(await records.replaceByTombstone('id', bytes, ['sealed'], metadata), { ok: true })
  t.match(await records.read('id'), { kind: 'rotated', tombstone: { id: 'id', successors: ['sealed'] } })
  await store.write('id', Buffer.from('{}'), 60, 60)
  t.match(await records.read('id'), { kind: 'session', data: {} })
  await store.write('id', Buffer.from('{'), 60, 60)
  t.match(await records.read('id'), { kind: 'unusable', reason: 'unparsable' })
  clock.advance(100)
  t.match(await records.interpret('id', bytes), { kind: 'unusable', reason: 'expired' })
})

t.test('replace writes only over the expected bytes, and otherwise returns the stored session', async (t) => {
  const records = new Records(resolveOptions({ store: new InMemoryStore() }))
  const { bytes } = await records.write('id', { data: { a: 1 }, metadata })
  const first = await records.replace('id', bytes, { data: { a: 2 }, metadata })
  t.match(first, { ok: true })
  t.match(await records.replace('id', bytes, { data: { a: 3 }, metadata }), {
    ok: false,
    found: { kind: 'session', data: { a: 2 } }
  })
  t.match(await records.replace('id', bytes, null), { ok: false })
  t.match(await records.replace('id', (first as { stored: Stored }).stored.bytes, null), { ok: true, stored: null })
  t.match(await records.replace('id', bytes, null), { ok: false, found: { kind: 'missing' } })
})

t.test('a session that has ended is not touched', async (t) => {
  const clock = fakeClock(t, metadata.created)
  const asked: number[] = []
  const store = Object.assign(new InMemoryStore(), {
    touch: async (_id: string, _lifetime: number, ttl: number) => asked.push(ttl) > 0
  })
  const records = new Records(resolveOptions({ store, lifetime: 60, rolling: true, absoluteLifetime: 90 }))
  clock.advance(89)
  t.equal(await records.touch('id', metadata), true)
  clock.advance(1)
  t.equal(await records.touch('id', metadata), false)
  t.same(asked, [1])
})

t.test('explain() of a store is called only after a read that found nothing', async (t) => {
  const asked: unknown[] = []
  const store = Object.assign(new InMemoryStore(), {
    explain: (...args: unknown[]) => {
      asked.push(args)
      return args[0] === 'refused' ? 'forged' : undefined
    }
  })
  const records = new Records(resolveOptions({ store, lifetime: 60 }))
  await store.write('known', Buffer.from('{}'), 60, 60)
  t.equal((await records.read('known')).kind, 'session')
  t.same(await records.read('refused'), { kind: 'missing', reason: 'forged' })
  t.same(await records.read('unknown'), { kind: 'missing' })
  t.same(asked, [
    ['refused', 60],
    ['unknown', 60]
  ])
})

t.test('isThere() tells whether the store has the session, and prolongs nothing', async (t) => {
  const reads: unknown[] = []
  class Noting extends InMemoryStore {
    override read(...args: Parameters<InMemoryStore['read']>) {
      reads.push(args)
      return super.read(...args)
    }
  }
  fakeClock(t, metadata.created)
  const store = new Noting()
  const records = new Records(resolveOptions({ store, lifetime: 60, rolling: true }))
  const stored = await records.write('id', { data: { a: 1 }, metadata })
  t.equal(records.isThere(stored), true, 'the same bytes')
  await records.replace('id', stored.bytes, { data: { a: 2 }, metadata })
  t.equal(records.isThere(stored), true, 'the session has changed')
  const found = (await records.read('id')) as { stored: Stored }
  await records.replaceByTombstone('id', found.stored.bytes, ['sealed'], metadata)
  reads.length = 0
  t.equal(await records.isThere(stored), false, 'a tombstone')
  t.same(reads, [['id', 60]])
  await store.write('id', Buffer.from('{'), 60, 60)
  t.equal(await records.isThere(stored), false, 'an unusable record')
  await store.remove('id')
  t.equal(records.isThere(stored), false, 'nothing')
})

t.test('a move stores the draft under the new id, and a tombstone under the old one', async (t) => {
  fakeClock(t, metadata.created)
  const records = new Records(resolveOptions({ store: new InMemoryStore(), lifetime: 60 }))
  t.equal(records.canMove, true)
  const old = await records.write('old', { data: { a: 1 }, metadata })
  const draft = { data: { a: 2 }, metadata }
  t.match(records.move(old, 'new', 'sealed', draft), { ok: true, stored: { id: 'new', metadata: { lifetime: 60 } } })
  t.match(await records.read('new'), { kind: 'session', data: { a: 2 } })
  t.match(await records.read('old'), { kind: 'rotated', tombstone: { successors: ['sealed'] } })
  t.match(await records.move(old, 'other', 'sealed', draft), { ok: false, found: { kind: 'rotated' } })
  t.match(await records.read('other'), { kind: 'missing' })
})

t.test(
  'a move names the largest keys of a session that is too large, and refuses one whose time is over',
  async (t) => {
    const clock = fakeClock(t, metadata.created)
    const store = new InMemoryStore({ maxBytes: 2_000 })
    const records = new Records(resolveOptions({ store, lifetime: 60 }))
    const old = await records.write('old', { data: { a: 1 }, metadata })
    const large = { data: { cart: 'x'.repeat(3_000) }, metadata }
    await t.rejects(async () => records.move(old, 'new', 'sealed', large), {
      code: 'FST_SESSION_TOO_LARGE',
      message: /"cart"/
    })
    t.match(await records.read('old'), { kind: 'session' })
    clock.advance(61)
    const draft = { data: { a: 2 }, metadata }
    await t.rejects(async () => records.move(old, 'new', 'sealed', draft), { code: 'FST_SESSION_GONE' })
  }
)

t.test('if an earlier attempt of a move has arrived, the move has succeeded', async (t) => {
  const store = new InMemoryStore()
  const original = store.move!.bind(store)
  const twice: typeof original = (...args) => {
    original(...args)
    return original(...args)
  }
  Object.defineProperty(store, 'move', { value: twice })
  const records = new Records(resolveOptions({ store }))
  const old = await records.write('old', { data: { a: 1 }, metadata })
  t.match(await records.move(old, 'new', 'sealed', { data: { a: 2 }, metadata }), { ok: true, stored: { id: 'new' } })
})

t.test('over a store that answers at once, each operation has its result at once', async (t) => {
  const records = new Records(resolveOptions({ store: new InMemoryStore() }))
  const written = records.write('id', { data: { a: 1 }, metadata })
  t.notOk(written instanceof Promise)
  t.match(records.read('id'), { kind: 'session', data: { a: 1 } })
  t.match(records.replace('id', (written as Stored).bytes, null), { ok: true, stored: null })
  t.match(records.read('id'), { kind: 'missing' })
})
