import t from 'tap'
import { quoted, sqlName } from '../../../lib/stores/sql/table-name.ts'

t.test('a name has 1 to 50 bytes', async (t) => {
  for (const name of ['a', 'x'.repeat(50), 'Ä'.repeat(25), 'a "b"']) t.equal(sqlName('Store', 'table', name), name)
  for (const name of ['', 'x'.repeat(51), 'Ä'.repeat(26), 'a\0b', 1, null]) {
    t.throws(() => sqlName('Store', 'table', name as string), {
      code: 'FST_SESSION_OPTIONS',
      message: 'Store: table must be a name of 1 to 50 bytes'
    })
  }
})

t.test('a quote in a name is doubled', async (t) => {
  t.equal(quoted('a"b'), '"a""b"')
})
