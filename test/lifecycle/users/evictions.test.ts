import t from 'tap'
import { Evictions } from '../../../lib/lifecycle/users/evictions.ts'

t.test('evictions are logged once, without a handle', async (t) => {
  const lines: unknown[] = []
  const note = (details: object, message: string) => lines.push([details, message])
  const log = { debug: note, warn: note, error: note }
  const evictions = new Evictions()
  evictions.tell(['a-handle'], log)
  evictions.tell(['another'], log)
  t.equal(lines.length, 1)
  t.match(JSON.stringify(lines), /perUser\.max/)
  t.notMatch(JSON.stringify(lines), /a-handle/)
})
