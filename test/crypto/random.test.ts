import t from 'tap'
import { newRevision, newSessionId, randomBytes } from '../../lib/crypto/random.ts'

t.test('an id is 256 random bits as base64url, and no two ids are equal', async (t) => {
  const ids = new Set<string>()
  for (let i = 0; i < 5000; i++) {
    const id = newSessionId()
    if (i < 300) t.match(id, /^[A-Za-z0-9_-]{43}$/)
    ids.add(id)
    ids.add(newRevision())
  }
  t.equal(ids.size, 10_000)
})

t.test('every bit of an id is random', async (t) => {
  const ones = new Array<number>(256).fill(0)
  const rounds = 2000
  for (let i = 0; i < rounds; i++) {
    const bytes = Buffer.from(newSessionId(), 'base64url')
    for (let bit = 0; bit < 256; bit++) ones[bit]! += ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1
  }
  // Six standard deviations, which a random bit exceeds once in 500 million runs.
  t.equal(
    ones.every((count) => Math.abs(count - rounds / 2) < 6 * Math.sqrt(rounds / 4)),
    true
  )
})

t.test('a revision is 8 bytes', async (t) => {
  t.match(newRevision(), /^[A-Za-z0-9_-]{11}$/)
})

t.test('random bytes are new each time, and the caller may change them', async (t) => {
  const seen = new Set<string>()
  for (let count = 0; count < 2_000; count++) {
    const bytes = randomBytes(12)
    t.equal(bytes.length, 12)
    seen.add(bytes.toString('hex'))
    bytes.fill(0)
  }
  t.equal(seen.size, 2_000)
})
