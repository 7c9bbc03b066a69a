import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { storeInterleavings, THREES } from '../support/store-conformance.ts'

t.test('three requests keep all promises in every order of their store operations', async (t) => {
  const make = async () => ({ store: new InMemoryStore() })
  t.equal(await storeInterleavings(t, make, { threes: true }, THREES), 165)
})
