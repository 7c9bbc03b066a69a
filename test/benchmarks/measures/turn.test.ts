import t from 'tap'
import { requestsIn } from './turn.ts'

t.test('a turn takes the same time for a slow column and for a fast one', async (t) => {
  t.equal(requestsIn(15, 10), 1_500)
  t.equal(requestsIn(15, 100), 150)
})

t.test('a turn has at least 100 requests and at most 3,000, however slow or fast the column is', async (t) => {
  t.equal(requestsIn(15, 5_000), 100)
  t.equal(requestsIn(15, 0.001), 3_000)
})
