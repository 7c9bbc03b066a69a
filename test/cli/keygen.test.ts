import t from 'tap'
import { KEY_MAKERS } from '../../lib/cli/keygen.ts'

t.test('each kind of key is made anew each time', async (t) => {
  t.same(Object.keys(KEY_MAKERS), ['secret', 'fernet', 'aes-gcm', 'xchacha20'])
  for (const make of Object.values(KEY_MAKERS)) t.not(make(), make())
})
