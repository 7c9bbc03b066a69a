import t from 'tap'
import type { DatabaseSpeed } from '../measures/databases.ts'
import { databaseSection } from './database-section.ts'

const sample = (median: number) => ({ median, spread: 0.5 })

t.test('a column without a server has no figures of one', async (t) => {
  const speed: DatabaseSpeed = {
    scenario: 'S1',
    size: 200,
    bare: sample(10),
    above: new Map([
      ['over PostgreSQL', sample(40)],
      ['over SQLite', sample(20)]
    ]),
    server: new Map([['over PostgreSQL', sample(30)]]),
    traffic: new Map([['over PostgreSQL', { roundTrips: 1.02, bytesIn: 105, bytesOut: 507.4 }]])
  }
  const { rows, note } = databaseSection([speed], 9)
  t.same(rows.slice(1), [
    ['S1 over PostgreSQL', '40.0 ± 0.5', '30.0 ± 0.5', '1.0', '105', '507'],
    ['S1 over SQLite', '20.0 ± 0.5', '-', '-', '-', '-']
  ])
  t.match(note, 'median of 9 interleaved rounds')
})
