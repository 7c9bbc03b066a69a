import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { TimestampSigner } from '../../../lib/stores/cookie/signer.ts'

const PYTHON = { digest: 'sha1', salt: 'itsdangerous.Signer' } as const
const OURS = { digest: 'sha256', salt: 'starsessions.CookieStore.session' } as const
const NOW = 1700000000
const signer = new TimestampSigner(['a secret'], OURS)

/** Signs any payload, so that a test can put a wrong payload before a right signature. */
const signRaw = (payload: string): string => {
  const key = createHash('sha256').update(`${OURS.salt}signera secret`).digest()
  return `${payload}.${createHmac('sha256', key).update(payload).digest('base64url')}`
}

t.test('the signer writes and reads the texts of itsdangerous', async (t) => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const vectors: [string, number, string, string][] = [
    [
      'my secret key',
      1700000000,
      base64('{"user": "alice"}'),
      'eyJ1c2VyIjogImFsaWNlIn0=.ZVPxAA.tZgRf2ttRVyFX16YbMOLcPuVYlI'
    ],
    ['s'.repeat(64), 16909060, '', '.AQIDBA.0sosTPMCMQ7E8t2VFJtLy07RIXw'],
    ['kл€y', 1700000000, base64('{"n": "Zo\\u00eb"}'), 'eyJuIjogIlpvXHUwMGViIn0=.ZVPxAA.35gzeVXE9D4ArJryH9ogBiPCc2M'],
    ['k', 4294967301, Buffer.of(0x00, 0xff, 0xfe).toString('base64'), 'AP/+.AQAAAAU.SEYffqswt-93ImOemEqAFm1Qvrc'],
    ['k', 0, base64('{}'), 'e30=..SzUHE-MAAI9OhVLBoKxIk5jf9U8']
  ]
  for (const [secret, seconds, value, signed] of vectors) {
    for (const form of [secret, new TextEncoder().encode(secret)]) {
      const python = new TimestampSigner([form], PYTHON)
      t.equal(python.sign(value, seconds), signed)
      t.equal(python.unsign(signed, 0, seconds), value)
    }
  }
})

t.test('a signature is valid until its maximum age, and fractions of a second do not count', async (t) => {
  const signed = signer.sign('value', 1000.9)
  t.equal(signed, signer.sign('value', 1000))
  t.equal(signer.unsign(signed, 60, 1000), 'value')
  t.equal(signer.unsign(signed, 60, 1060), 'value')
  t.equal(signer.unsign(signed, 60, 1060.999), 'value')
  t.equal(signer.unsign(signed, 60, 1061), null)
})

t.test('a signature from the future is refused, unless the clocks of two servers explain it', async (t) => {
  const signed = signer.sign('value', 1000)
  t.equal(signer.unsign(signed, 60, 940), 'value')
  t.equal(signer.unsign(signed, 60, 939.999), null)
  t.equal(signer.unsign(signed, 60, 0), null)
})

t.test('the first key signs, and all keys verify', async (t) => {
  const older = new TimestampSigner(['older'], OURS)
  const newer = new TimestampSigner(['newer'], OURS)
  const both = new TimestampSigner(['newer', 'older'], OURS)
  t.equal(both.sign('value', NOW), newer.sign('value', NOW))
  t.equal(both.unsign(older.sign('value', NOW), 60, NOW), 'value')
  t.equal(both.unsign(newer.sign('value', NOW), 60, NOW), 'value')
  t.equal(newer.unsign(older.sign('value', NOW), 60, NOW), null)
})

t.test('another salt or digest gives another signature', async (t) => {
  const signed = signer.sign('value', NOW)
  t.equal(new TimestampSigner(['a secret'], { ...OURS, salt: 'other' }).unsign(signed, 60, NOW), null)
  t.equal(new TimestampSigner(['a secret'], { ...OURS, digest: 'sha1' }).unsign(signed, 60, NOW), null)
})

t.test('a flipped bit is refused at every position', async (t) => {
  const signed = signer.sign('dmFsdWU=', NOW)
  for (let at = 0; at < signed.length; at++) {
    for (let bit = 0; bit < 16; bit++) {
      const flipped = String.fromCharCode(signed.charCodeAt(at) ^ (1 << bit))
      const forged = signed.slice(0, at) + flipped + signed.slice(at + 1)
      if (signer.unsign(forged, 60, NOW) !== null) t.fail(`bit ${bit} of character ${at}`)
    }
  }
})

t.test('a text is refused if it was cut at any position, or lengthened', async (t) => {
  const signed = signer.sign('dmFsdWU=', NOW)
  for (let length = 0; length < signed.length; length++) {
    t.equal(signer.unsign(signed.slice(0, length), 60, NOW), null, `${length} characters`)
    t.equal(signer.unsign(signed.slice(length + 1), 60, NOW), null, `without the first ${length + 1}`)
  }
  for (const more of ['=', 'A', ' ', '\n', '.', '\0']) t.equal(signer.unsign(signed + more, 60, NOW), null)
})

t.test('only the canonical spelling of a signature passes', async (t) => {
  // With 32 bytes, two bits of the last character are unused, so four spellings decode to the same bytes.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let signed = ''
  for (let count = 0; !/[-_][^.]*$/.test(signed); count++) signed = signer.sign(`value${count}`, NOW)
  t.not(signer.unsign(signed, 60, NOW), null)
  const last = alphabet.indexOf(signed.at(-1)!)
  for (const other of [1, 2, 3]) {
    t.equal(signer.unsign(signed.slice(0, -1) + alphabet[last ^ other], 60, NOW), null)
  }
  const start = signed.lastIndexOf('.')
  const standard = signed.slice(start).replaceAll('-', '+').replaceAll('_', '/')
  t.equal(signer.unsign(signed.slice(0, start) + standard, 60, NOW), null)
})

t.test('a value may contain dots', async (t) => {
  for (const value of ['', '.', 'a.b.c', '..']) t.equal(signer.unsign(signer.sign(value, NOW), 60, NOW), value)
})

t.test('an invalid timestamp is refused although its signature is right', async (t) => {
  t.equal(signer.unsign(signRaw('value.ZVPxAA'), 60, NOW), 'value')
  const payloads = {
    'without one': 'value',
    'without a value': 'ZVPxAA',
    'with a leading zero byte': 'value.AGVT8QA',
    'with stray bits': 'value.ZVPxAB',
    'with padding': 'value.ZVPxAA==',
    'with other characters': 'value.ZVPx AA',
    'beyond what a number holds': 'value.__________8',
    'of a megabyte': `value.${'A'.repeat(1_000_000)}`
  }
  for (const [name, payload] of Object.entries(payloads)) t.equal(signer.unsign(signRaw(payload), 60, NOW), null, name)
})

t.test('any value comes back, signed at any time', async (t) => {
  fc.assert(
    fc.property(fc.base64String(), fc.nat({ max: 2 ** 40 }), (value, seconds) => {
      return signer.unsign(signer.sign(value, seconds), 0, seconds) === value
    })
  )
  t.pass('for all that were tried')
})

t.test('hostile text is refused and never throws', async (t) => {
  const dotted = fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }).map((parts) => parts.join('.'))
  fc.assert(fc.property(dotted, (text) => signer.unsign(text, 60, NOW) === null))
  fc.assert(fc.property(dotted, (text) => signer.unsign(signRaw(text), -1, NOW) === null))
  t.equal(signer.unsign('.'.repeat(1_000_000), 60, NOW), null)
})

t.test('refusalOf() gives the reason why a text is refused', async (t) => {
  const signed = signer.sign('value', NOW)
  t.equal(signer.refusalOf(signed, 60, NOW), undefined)
  t.equal(signer.refusalOf(signed, 60, NOW + 61), 'too-old')
  t.equal(signer.refusalOf(signed, 60, NOW - 61), 'future')
  t.equal(signer.refusalOf(`x${signed}`, 60, NOW), 'signature')
  t.equal(signer.refusalOf(new TimestampSigner(['other'], OURS).sign('value', NOW), 60, NOW), 'signature')
  for (const malformed of ['', 'an-id-of-another-store', signRaw('value'), signRaw('value.ZVPx AA')]) {
    t.equal(signer.refusalOf(malformed, 60, NOW), 'malformed', malformed)
  }
})
