import t from 'tap'
import { baseFor } from './baseline.ts'
import { AGAIN, BARE, BARE_EXPRESS } from './index.ts'
import { oursInMemory } from './ours.ts'
import { expressSessionInMemory } from './peers/express-session.ts'

t.test('a column is compared with a bare route of its framework', async (t) => {
  const figures = new Map([
    [BARE, 10],
    [AGAIN, 14],
    [BARE_EXPRESS, 50]
  ])
  const base = (column: typeof BARE) => baseFor(column, (one) => figures.get(one)!)
  t.equal(base(oursInMemory), 12, 'the mean of both bare Fastify columns')
  t.equal(base(expressSessionInMemory), 50)
  t.equal(base(AGAIN), 10, 'the second bare column is compared with the first')
  t.equal(base(BARE), 10)
})
