import t from 'tap'
import { ciphertextOf, encryptorFailure, plaintextOrNull } from '../../lib/checks/encryptor.ts'
import { SessionUnavailableError } from '../../lib/errors.ts'

const BYTES = Buffer.from('x')

t.test('bytes are an answer, and null is an answer of decrypt() only', async (t) => {
  t.equal(ciphertextOf(BYTES), BYTES)
  t.equal(plaintextOrNull(BYTES), BYTES)
  t.equal(plaintextOrNull(null), null)
  t.throws(() => ciphertextOf(null), { message: "the encryptor's encrypt() must give a Uint8Array, and gave null" })
  for (const answer of [undefined, 'secret', 1, {}, [1], new Uint16Array(1)]) {
    const kind = `gave a value of type ${typeof answer}`
    t.throws(() => ciphertextOf(answer), { message: new RegExp(`^the encryptor's encrypt\\(\\) .*${kind}$`) })
    t.throws(() => plaintextOrNull(answer), { message: new RegExp(`^the encryptor's decrypt\\(\\) .*${kind}$`) })
  }
})

t.test('no text of an encryptor is in the error, and the cause of a SessionUnavailableError counts', async (t) => {
  const down = Object.assign(new TypeError('the key service said secret'), { code: 'ECONNRESET' })
  const trap = Object.defineProperty(new SessionUnavailableError(), 'cause', {
    get: () => {
      throw down
    }
  })
  for (const thrown of [down, new SessionUnavailableError({ cause: down })]) {
    t.match(encryptorFailure(thrown), { name: 'TypeError', code: 'ECONNRESET', message: /left out/ })
  }
  t.match(encryptorFailure(trap), { code: 'FST_SESSION_STORE', message: /left out/ })
  t.match(encryptorFailure('secret'), { message: 'something that is not an Error was thrown (string)' })
})
