import t from 'tap'
import { Sweeping } from '../../../lib/stores/sql/sweeping.ts'

t.test('it is time within the first quarter of an hour, and then about every quarter of an hour', async (t) => {
  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  const began = performance.now()
  const at = (minutes: number) => Object.assign(performance, { now: () => began + minutes * 60_000 })
  for (let run = 0; run < 20; run++) {
    at(0)
    const sweeping = new Sweeping()
    at(15.1)
    t.equal(sweeping.isDue(), true)
    t.equal(sweeping.isDue(), false)
    at(30)
    t.equal(sweeping.isDue(), false)
    at(33.2)
    t.equal(sweeping.isDue(), true)
    sweeping.hasMore()
    t.equal(sweeping.isDue(), false)
    at(33.22)
    t.equal(sweeping.isDue(), true)
  }
})

t.test('processes that start together do not begin together', async (t) => {
  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  const all = Array.from({ length: 200 }, () => new Sweeping())
  const later = performance.now() + 7.5 * 60_000
  performance.now = () => later
  const due = all.filter((sweeping) => sweeping.isDue()).length
  t.ok(due > 50 && due < 150, `${due} of 200 after half of the time`)
})
