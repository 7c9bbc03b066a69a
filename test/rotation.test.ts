import t from 'tap'
import { resolveOptions } from '../lib/options.ts'
import { RecordStore } from '../lib/record-store.ts'
import { bury, end, endRotated } from '../lib/rotation.ts'
import { seal } from '../lib/seal.ts'
import { InMemoryStore } from '../lib/stores/memory.ts'
import { MapStore } from './support/map-store.ts'

const metadata = { lifetime: 0, created: 1_600_000_000, last_access: 1_600_000_000 }

async function make() {
  const store = new InMemoryStore()
  const records = new RecordStore(resolveOptions({ store }))
  const write = async (id: string) => (await records.write(id, { data: { id }, metadata })).bytes
  const rotate = async (id: string, ...successors: string[]) => {
    const bytes = await write(id)
    await records.bury(
      id,
      bytes,
      successors.map((successor) => seal(id, successor)),
      metadata
    )
    return bytes
  }
  return { store, records, write, rotate }
}

t.test('what came out of a session ends with it, through chains and forks', async (t) => {
  const { store, records, write, rotate } = await make()
  const bytes = await rotate('old', 'fork-1', 'fork-2')
  await rotate('fork-1', 'chain')
  for (const id of ['fork-2', 'chain', 'other']) await write(id)
  await end(records, 'old', bytes)
  t.equal(store.size, 1)
  t.match(await records.read('other'), { kind: 'session' })
})

t.test('who came upon the tombstone ends the same', async (t) => {
  const { store, records, write, rotate } = await make()
  await rotate('old', 'new')
  await write('new')
  const found = await records.read('old')
  await endRotated(records, (found as { tombstone: Parameters<typeof endRotated>[1] }).tombstone)
  t.equal(store.size, 0)
})

t.test('a successor that another rotation adds meanwhile is found, too', async (t) => {
  const { store, records, write, rotate } = await make()
  await rotate('old', 'first')
  for (const id of ['first', 'second']) await write(id)
  const found = await records.read('old')
  const { tombstone } = found as { tombstone: Parameters<typeof endRotated>[1] }
  const { read } = store
  store.read = async (id, lifetime) => {
    store.read = read
    const successors = ['first', 'second'].map((successor) => seal('old', successor))
    await records.bury('old', tombstone.bytes, successors, metadata)
    return read.call(store, id, lifetime)
  }
  await endRotated(records, tombstone)
  t.equal(store.size, 0)
})

t.test('who buries it again, because the answer was lost, does not name the successor twice', async (t) => {
  const { records, write, rotate } = await make()
  const bytes = await rotate('old', 'new')
  await write('new')
  t.equal(await bury(records, { id: 'old', bytes, record: bytes, metadata }, 'new'), null)
  t.match(await records.read('old'), { kind: 'rotated', tombstone: { successors: { length: 1 } } })
})

t.test('a store that cannot compare removes', async (t) => {
  const store = new MapStore()
  const records = new RecordStore(resolveOptions({ store }))
  const { bytes } = await records.write('id', { data: { a: 1 }, metadata })
  await end(records, 'id', bytes)
  t.equal(store.entries.size, 0)
})

t.test('a store that cannot tell is no reason to remove without comparing', async (t) => {
  const { store, records, write } = await make()
  const bytes = await write('id')
  store.replace = async () => {
    throw new Error('down')
  }
  await t.rejects(end(records, 'id', bytes), { code: 'FST_SESSION_STORE' })
  t.equal(store.size, 1)
})
