import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { HmacKey } from '../../lib/crypto/hmac.ts'

t.test('the vectors of RFC 4231 whose data are text', async (t) => {
  const long =
    'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.'
  for (const [key, text, hex] of [
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    ],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'
    ],
    [Buffer.alloc(131, 0xaa), long, '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2']
  ] as const) {
    t.equal(Buffer.from(new HmacKey('sha256', key).sign(text), 'base64url').toString('hex'), hex)
  }
})

t.test('any key and text give the same HMAC as createHmac()', async (t) => {
  const digests = fc.constantFrom('sha1' as const, 'sha256' as const)
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 3_000 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(digests, fc.uint8Array({ maxLength: 200 }), texts, (digest, key, texts) => {
      const hmac = new HmacKey(digest, key)
      return texts.every((text) => hmac.sign(text) === createHmac(digest, key).update(text).digest('base64url'))
    })
  )
  t.pass('for all that were tried')
})

t.test('a text has its own HMAC after shorter and longer texts', async (t) => {
  const hmac = new HmacKey('sha256', Buffer.from('key'))
  for (const length of [0, 1, 1_024, 1_025, 10_000, 5, 9_000, 100_000, 0]) {
    const text = 'x'.repeat(length)
    t.equal(hmac.sign(text), createHmac('sha256', 'key').update(text).digest('base64url'), `${length} characters`)
  }
})

t.test('keys are equal if their bytes and their digest are', async (t) => {
  const hmac = new HmacKey('sha256', Buffer.from('key'))
  t.equal(hmac.equals(new HmacKey('sha256', Buffer.from('key'))), true)
  t.equal(hmac.equals(new HmacKey('sha1', Buffer.from('key'))), false)
  t.equal(hmac.equals(new HmacKey('sha256', Buffer.from('other'))), false)
})
