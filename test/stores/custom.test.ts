import t from 'tap'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'
import { storeConformance } from '../support/store-conformance.ts'

t.test('three methods over a Map make a store', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  await storeConformance(t, 'MapStore', async () => ({ store: new MapStore(), advance }))
})
