import t from 'tap'
import { GuardedStore } from '../../lib/record/guarded-store.ts'
import { restoreEnd } from '../../lib/record/restored-end.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { fakeClock } from '../support/fake-clock.ts'

const bytes = Buffer.from('bytes')

t.test('after a read that prolongs, a record gets the end back that it should have', async (t) => {
  const clock = fakeClock(t)
  const inner = new InMemoryStore()
  const store = new GuardedStore(inner, 5)
  const isThere = async (id: string) => (await inner.read(id, 1)) !== null
  for (const id of ['tombstone', 'other', 'expired', 'limited', 'unparsable', 'missing'])
    await inner.write(id, bytes, 3600, 3600)

  await restoreEnd(store, {
    kind: 'rotated',
    tombstone: { id: 'tombstone', bytes, successors: [], rotatedAt: 1_700_000_000 }
  })
  await restoreEnd(store, { kind: 'unusable', reason: 'other-cookie', id: 'other', bytes, lifetime: 90 })
  await restoreEnd(store, { kind: 'unusable', reason: 'expired', id: 'expired', bytes, isOverByItself: false })
  await restoreEnd(store, { kind: 'unusable', reason: 'expired', id: 'limited', bytes, isOverByItself: true })
  await restoreEnd(store, { kind: 'unusable', reason: 'unparsable', id: 'unparsable', bytes })
  await restoreEnd(store, { kind: 'missing' })
  t.equal(await isThere('limited'), false, 'its own limit has ended the session, so nothing brings it back')
  clock.advance(59)
  t.equal(await isThere('tombstone'), true)
  clock.advance(2)
  t.equal(await isThere('tombstone'), false)
  clock.advance(30)
  t.equal(await isThere('other'), false)
  for (const id of ['expired', 'unparsable', 'missing']) t.equal(await isThere(id), true, id)
})
