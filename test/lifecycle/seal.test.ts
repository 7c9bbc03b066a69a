import t from 'tap'
import { seal, unseal } from '../../lib/lifecycle/seal.ts'

t.test('only who knows the id can open what was sealed with it', async (t) => {
  const sealed = seal('old-id', 'new-id')
  t.match(sealed, /^[\w-]+$/)
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), 'new-id')
  t.equal(unseal('old-id', sealed), 'new-id')
  t.equal(unseal('other-id', sealed), null)
  t.not(seal('old-id', 'new-id'), sealed, 'a fresh nonce each time')
})

t.test('what was tampered with does not open, at any position', async (t) => {
  const bytes = Buffer.from(seal('old-id', 'new-id'), 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes)
    flipped[i]! ^= 1
    t.equal(unseal('old-id', flipped.toString('base64url')), null)
    t.equal(unseal('old-id', bytes.subarray(0, i).toString('base64url')), null)
  }
})
