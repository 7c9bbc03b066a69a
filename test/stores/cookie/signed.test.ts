import t from 'tap'
import { SealedFormat } from '../../../lib/stores/cookie/sealed.ts'
import { SignedFormat } from '../../../lib/stores/cookie/signed.ts'
import { TimestampSigner } from '../../../lib/stores/cookie/signer.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const OPTIONS = { digest: 'sha256', salt: 'salt' } as const

t.test('the record is in the cookie in base64, before the time and the signature', async (t) => {
  const clock = fakeClock(t)
  const format = new SignedFormat(['a secret'], OPTIONS)
  const value = format.write(new Uint8Array([0, 0xff, 0xfe, 0]).subarray(1, 3))
  t.equal(value, new TimestampSigner(['a secret'], OPTIONS).sign('//4=', 1_700_000_000))
  t.same(format.read(value, 60), Buffer.of(0xff, 0xfe))
  t.equal(format.explain(value, 60), undefined)
  clock.advance(61)
  t.equal(format.read(value, 60), null)
  t.equal(format.explain(value, 60), 'too-old')
})

t.test('two formats share cookies if they share a key', async (t) => {
  const format = new SignedFormat(['a secret'], OPTIONS)
  t.equal(format.sharesCookiesWith(new SignedFormat(['other', 'a secret'], OPTIONS)), true)
  t.equal(format.sharesCookiesWith(new SignedFormat(['other'], OPTIONS)), false)
  t.equal(format.sharesCookiesWith(new SealedFormat({ encrypt: (data) => data, decrypt: (data) => data }, '')), false)
})
