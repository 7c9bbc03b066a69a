import t from 'tap'
import { now } from '../../lib/base/clock.ts'
import { fakeClock } from '../support/fake-clock.ts'

t.test('the clock returns seconds with a fraction', async (t) => {
  fakeClock(t).set(1_700_000_000.125)
  t.equal(now(), 1_700_000_000.125)
})
