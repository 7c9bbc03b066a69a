import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { end, endRemnant } from '../../lib/lifecycle/ending.ts'
import { seal } from '../../lib/lifecycle/seal.ts'
import type { Remnant } from '../../lib/record/record.ts'
import { Records } from '../../lib/record/records.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { MapStore } from '../support/map-store.ts'
import { steadyClock } from '../support/steady-clock.ts'

const metadata = { lifetime: 0, created: 1_600_000_000, last_access: 1_600_000_000 }

async function make() {
  const store = new InMemoryStore()
  const records = new Records(resolveOptions({ store }))
  const write = async (id: string) => {
    const { bytes } = await records.write(id, { data: { id }, metadata })
    return { id, bytes, seenAt: performance.now() }
  }
  const rotate = async (id: string, ...successors: string[]) => {
    const written = await write(id)
    const sealed = successors.map((successor) => seal(id, successor))
    await records.replaceByTombstone(id, written.bytes, sealed, metadata)
    return written
  }
  const remnant = async (id: string) => (await records.read(id)) as Remnant
  return { store, records, write, rotate, remnant }
}

t.test('a session ends together with all sessions that it was rotated into', async (t) => {
  const { store, records, write, rotate } = await make()
  const old = await rotate('old', 'fork-1', 'fork-2')
  await rotate('fork-1', 'chain')
  for (const id of ['fork-2', 'chain', 'other']) await write(id)
  await end(records, old)
  t.equal(store.size, 1)
  t.match(await records.read('other'), { kind: 'session' })
})

t.test('a session can be ended from its tombstone', async (t) => {
  const { store, records, write, rotate, remnant } = await make()
  await rotate('old', 'new')
  await write('new')
  await endRemnant(records, await remnant('old'), performance.now())
  t.equal(store.size, 0)
})

t.test('a successor that another rotation adds at the same time is found as well', async (t) => {
  const { store, records, write, rotate, remnant } = await make()
  await rotate('old', 'first')
  for (const id of ['first', 'second']) await write(id)
  const found = await remnant('old')
  const { tombstone } = found as Extract<Remnant, { kind: 'rotated' }>
  const { read } = store
  store.read = async (id, lifetime) => {
    store.read = read
    const successors = ['first', 'second'].map((successor) => seal('old', successor))
    await records.replaceByTombstone('old', tombstone.bytes, successors, metadata)
    return read.call(store, id, lifetime)
  }
  await endRemnant(records, found, performance.now())
  t.equal(store.size, 0)
})

t.test(
  'a tombstone with an unreadable successor fails the removal, after the other successors have ended',
  async (t) => {
    const { store, records, write, remnant } = await make()
    const old = await write('old')
    await write('new')
    await records.replaceByTombstone('old', old.bytes, ['of-another-version', seal('old', 'new')], metadata)
    await t.rejects(endRemnant(records, await remnant('old'), performance.now()), { code: 'FST_SESSION_GONE' })
    await t.rejects(end(records, old), { code: 'FST_SESSION_GONE' })
    t.equal(store.size, 1, 'the tombstone stays')
  }
)

t.test('a successor whose record is unusable ends as well', async (t) => {
  const { store, records, rotate, remnant } = await make()
  await rotate('old', 'new')
  await store.write('new', Buffer.from('{'), 0, 0)
  await endRemnant(records, await remnant('old'), performance.now())
  t.equal(store.size, 0)
})

t.test('an unusable record is removed, even if it was replaced since it was read', async (t) => {
  const { store, records, remnant, write } = await make()
  await store.write('id', Buffer.from('{'), 0, 0)
  const found = await remnant('id')
  await write('id')
  await endRemnant(records, found, performance.now())
  t.equal(store.size, 0, 'the newer record is removed as well')
})

t.test('without replace, the record is removed without a comparison', async (t) => {
  const store = new MapStore()
  const records = new Records(resolveOptions({ store }))
  const { bytes } = await records.write('id', { data: { a: 1 }, metadata })
  await end(records, { id: 'id', bytes, seenAt: 0 })
  t.equal(store.entries.size, 0)
})

t.test('if replace fails, the record is not removed without a comparison', async (t) => {
  const { store, records, write } = await make()
  const seen = await write('id')
  store.replace = async () => {
    throw new Error('down')
  }
  await t.rejects(end(records, seen), { code: 'FST_SESSION_STORE' })
  t.equal(store.size, 1)
})

t.test('a missing record counts as ended only if it was seen in the last 55 seconds', async (t) => {
  const clock = steadyClock(t)
  const { store, records, write, rotate, remnant } = await make()
  for (const [seconds, isKnown] of [
    [0, true],
    [54.9, true],
    [55.1, false],
    [3600, false]
  ] as const) {
    const seen = await write('id')
    await store.remove('id')
    await rotate('old', 'gone')
    const found = await remnant('old')
    clock.advance(seconds)
    const ends = [end(records, seen), endRemnant(records, found, seen.seenAt)]
    for (const ending of ends) {
      if (isKnown) await ending
      else await t.rejects(ending, { code: 'FST_SESSION_GONE' }, `${seconds} s`)
    }
  }
})

t.test('a record that was seen during the removal counts as seen at that time', async (t) => {
  const clock = steadyClock(t)
  const { store, records, write } = await make()
  const seen = await write('id')
  await write('id')
  clock.advance(100)
  const { replace } = store
  store.replace = async (...args) => {
    store.replace = replace
    const result = await replace.apply(store, args)
    await store.remove('id')
    return result
  }
  await end(records, seen)
  t.equal(store.size, 0)
})

t.test('tombstones in a circle or a long chain are followed 256 times, and then the removal fails', async (t) => {
  const { store, records, write, rotate } = await make()
  const circle = await rotate('circle', ...Array.from({ length: 40 }, () => 'circle'))
  let reads = 0
  const { read } = store
  store.read = (...args) => {
    reads++
    return read.apply(store, args)
  }
  await t.rejects(end(records, circle), { code: 'FST_SESSION_GONE' })
  t.equal(reads, 256)
  const [first] = await Promise.all(Array.from({ length: 300 }, (_, at) => rotate(`chain-${at}`, `chain-${at + 1}`)))
  await write('chain-300')
  await t.rejects(end(records, first!), { code: 'FST_SESSION_GONE' })
})
