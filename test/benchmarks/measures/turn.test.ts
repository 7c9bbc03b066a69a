import t from 'tap'
import { requestsIn } from './turn.ts'

t.test('a turn takes as long for a slow column as for a fast one', async (t) => {
  t.equal(requestsIn(15, 10), 1_500)
  t.equal(requestsIn(15, 100), 150)
})

t.test('a turn of a very slow column holds a few requests, one of a very fast one ends', async (t) => {
  t.equal(requestsIn(15, 5_000), 100)
  t.equal(requestsIn(15, 0.001), 3_000)
})
