import t from 'tap'
import { effortOf, FULL } from './efforts.ts'

t.test('requests are shared: what is left out makes the rest more exact', async (t) => {
  const run = { ...FULL, warmUp: 500, rounds: 5, requests: 100_000 }
  t.same(effortOf(run, 50), { warmUp: 500, rounds: 5, requests: 400 })
  t.same(effortOf(run, 10), { warmUp: 500, rounds: 5, requests: 2_000 })
})

t.test('one scenario alone ends, too', async (t) => {
  t.match(effortOf({ ...FULL, requests: 1e9 }, 1), { warmUp: FULL.warmUp, requests: 3_000 })
})
