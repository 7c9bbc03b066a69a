import t from 'tap'
import { seal, unseal } from '../../lib/lifecycle/seal.ts'

t.test('a sealed id can be opened only with the id that sealed it', async (t) => {
  const sealed = seal('old-id', 'new-id')
  t.match(sealed, /^[\w-]+$/)
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), 'new-id')
  t.equal(unseal('old-id', sealed), 'new-id')
  t.equal(unseal('other-id', sealed), null)
  t.not(seal('old-id', 'new-id'), sealed, 'there is a new nonce each time')
})

t.test('a sealed id that was changed at any position cannot be opened', async (t) => {
  const bytes = Buffer.from(seal('old-id', 'new-id'), 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes)
    flipped[i]! ^= 1
    t.equal(unseal('old-id', flipped.toString('base64url')), null)
    t.equal(unseal('old-id', bytes.subarray(0, i).toString('base64url')), null)
  }
})
