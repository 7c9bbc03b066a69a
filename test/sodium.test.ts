import t from 'tap'
import { XChaCha20Encryptor } from '../lib/encryptors/xchacha20.ts'
import * as entry from '../lib/sodium.ts'

t.test('the entry point exports the encryptor, and nothing else', async (t) => {
  t.same({ ...entry }, { XChaCha20Encryptor })
})
