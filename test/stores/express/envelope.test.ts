import t from 'tap'
import { packed, unpacked } from '../../../lib/stores/express/envelope.ts'

const NOW = 1_700_000_000_000
const utf8 = (text: string) => new TextEncoder().encode(text)

t.test('each kind of store finds its own member about the end of the session', async (t) => {
  t.same(packed(utf8('{"a":1}'), NOW, 60), {
    cookie: { originalMaxAge: 60_000, maxAge: 60_000, expires: new Date(NOW + 60_000), httpOnly: true, path: '/' },
    until: NOW + 60_000,
    record: '{"a":1}',
    encoding: 'utf8'
  })
  t.equal(packed(utf8(''), NOW, 0.0001).cookie.maxAge, 1, 'a fraction of a millisecond is rounded up')
})

t.test('bytes come back, whatever they are', async (t) => {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const cases: [Uint8Array, 'utf8' | 'base64'][] = [
    [utf8(''), 'utf8'],
    [utf8('{"name":"Zoë €"}'), 'utf8'],
    [utf8('\uFEFFbyte order mark'), 'utf8'],
    [utf8('nul \0'), 'base64'],
    [Uint8Array.of(0xff, 0xfe), 'base64'],
    [everyByte, 'base64'],
    [everyByte.subarray(1, 4), 'utf8'],
    [Buffer.concat([everyByte, everyByte]).subarray(200, 300), 'base64']
  ]
  for (const [data, encoding] of cases) {
    const stored = packed(data, NOW, 60)
    t.equal(stored.encoding, encoding)
    const handedOut = JSON.parse(JSON.stringify(stored))
    t.equal(Buffer.compare(unpacked(handedOut, NOW + 59_999)!, data), 0)
    t.equal(unpacked(handedOut, NOW + 60_000), null, 'its time is over')
  }
})

t.test('anything else is nothing', async (t) => {
  const session = { cookie: {}, passport: { user: 7 } }
  for (const other of [undefined, null, 'text', 7, {}, session, { record: 'a' }, { until: NOW + 1 }, []]) {
    t.equal(unpacked(other, NOW), null)
  }
  for (const until of ['soon', null, undefined, NOW])
    t.equal(unpacked({ until, record: 'a', encoding: 'utf8' }, NOW), null)
})
