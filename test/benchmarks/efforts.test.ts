import t from 'tap'
import { effortOf, FULL } from './efforts.ts'

t.test('requests are shared: what is left out makes the rest more exact', async (t) => {
  const run = { ...FULL, passes: 2, rounds: 5, requests: 100_000 }
  t.same(effortOf(run, 50), { passes: 2, rounds: 5, warmUp: 300, requests: 140 })
  t.same(effortOf(run, 10), { passes: 2, rounds: 5, warmUp: 1_500, requests: 700 })
})

t.test('one scenario alone ends, too', async (t) => {
  t.match(effortOf({ ...FULL, requests: 1e9 }, 1), { warmUp: 10_000, requests: 3_000 })
})
