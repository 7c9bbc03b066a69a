import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { renewId, writeRecord } from '../../lib/lifecycle/first-write.ts'
import { Records } from '../../lib/record/records.ts'
import type { SessionState } from '../../lib/session/state.ts'
import { MapStore } from '../support/map-store.ts'

const draft = { data: { a: 1 }, metadata: { lifetime: 0, created: 1_600_000_000, last_access: 1_600_000_000 } }

function make() {
  const store = new MapStore()
  let ids = 0
  const state = { id: 'id-0', kind: { newId: () => `id-${++ids}` } } as unknown as SessionState
  return { store, state, records: new Records(resolveOptions({ store })) }
}

t.test('an id whose write had no answer is not used again', async (t) => {
  const { store, state, records } = make()
  store.write = () => Promise.reject(new Error('down'))
  await t.rejects(async () => writeRecord(records, state, draft, null), { code: 'FST_SESSION_STORE' })
  renewId(state)
  t.equal(state.id, 'id-1')
  renewId(state)
  t.equal(state.id, 'id-1', 'only this id is replaced')
})

t.test('an id is kept if its write was answered, or if it was never written', async (t) => {
  const { state, records } = make()
  renewId(state)
  t.match(await writeRecord(records, state, draft, null), { id: 'id-0' })
  renewId(state)
  t.equal(state.id, 'id-0')
})

t.test('data that cannot be serialized do not cause a new id', async (t) => {
  const { state, records } = make()
  await t.rejects(async () => writeRecord(records, state, { ...draft, data: { a: 1n } }, null), {
    code: 'FST_SESSION_SERIALIZE'
  })
  renewId(state)
  t.equal(state.id, 'id-0')
})
