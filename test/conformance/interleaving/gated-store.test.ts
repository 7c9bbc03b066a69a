import t from 'tap'
import { GatedStore } from '../../../lib/conformance/interleaving/gated-store.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { SessionStore } from '../../../types/store.ts'
import { MapStore } from '../../support/map-store.ts'

const BYTES = Buffer.from('a')

t.test('operations wait at the gate, and happen one at a time', async (t) => {
  const inner = new MapStore()
  const gate = new GatedStore(inner)
  t.equal(gate.waiting, null)
  await gate.open()
  const written = gate.store.write('id', BYTES, 0, 0)
  const read = gate.store.read('id', 0)
  t.match(gate.waiting, { name: 'write', id: 'id' })
  t.same([...gate.written], [['id', BYTES]])
  t.equal(inner.calls.write, 0)
  await gate.open()
  t.equal(await written, 'id')
  t.match(gate.waiting, { name: 'read' })
  await gate.open()
  t.same(await read, new Uint8Array(BYTES))
})

t.test('it has the members of the store behind it', async (t) => {
  const members = (inner: SessionStore) => Object.keys(new GatedStore(inner).store).sort()
  t.same(members(new MapStore()), ['read', 'readProlongs', 'remove', 'write'])
  t.same(members(new InMemoryStore()), ['move', 'read', 'readProlongs', 'remove', 'replace', 'touch', 'write'])
  t.equal(new GatedStore(new InMemoryStore()).store.readProlongs, true)
})

t.test('an operation that throws at once rejects', async (t) => {
  const gate = new GatedStore({
    ...new MapStore(),
    read() {
      throw new Error('broken')
    }
  } as unknown as SessionStore)
  const read = gate.store.read('id', 0)
  gate.open()
  await t.rejects(Promise.resolve(read), { message: 'broken' })
})
