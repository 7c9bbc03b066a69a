import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { now } from '../../lib/base/clock.ts'
import { FernetEncryptor, fernetKey, openFernet, sealFernet } from '../../lib/encryptors/fernet.ts'
import { encryptorConformance } from '../support/encryptor-conformance.ts'

const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const IV = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const PLACE = Buffer.from('session\0one')
const DATA = Buffer.from('{"user": "alice"}')
const VECTORS = [
  {
    key: KEY,
    seconds: 1700000000,
    data: '{"user": "alice"}',
    token:
      'gAAAAABlU_EAAAECAwQFBgcICQoLDA0OD0ocFIBiLIcjiWnvNn7bcFQKkHM2JwxoEjg-javcKAbZu3pivqETSMTZX0IE-ifuXuj3PqNcc6c8SAZSGTeQP_g='
  },
  {
    key: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=',
    seconds: 499162800,
    data: 'hello',
    token: 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='
  }
]

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())
const keyOf = (key: string) => fernetKey(Buffer.from(key, 'base64url'))

encryptorConformance(t, 'FernetEncryptor', () => new FernetEncryptor(FernetEncryptor.generateKey()), { bound: false })

/** Makes a token with a right signature over any bytes. */
function signed(body: Uint8Array): Buffer {
  const mac = createHmac('sha256', Buffer.from(KEY, 'base64url').subarray(0, 16)).update(body).digest()
  const base64 = Buffer.concat([body, mac]).toString('base64')
  return Buffer.from(base64.replaceAll('+', '-').replaceAll('/', '_'))
}

function encrypted(data: Uint8Array, version: number): Buffer {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(KEY, 'base64url').subarray(16), IV).setAutoPadding(false)
  return Buffer.concat([Buffer.of(version), Buffer.alloc(8), IV, cipher.update(data), cipher.final()])
}

t.test('tokens of the specification and of Python can be read and written', async (t) => {
  for (const { key, seconds, data, token } of VECTORS) {
    t.equal(text(sealFernet(keyOf(key), Buffer.from(data), IV, seconds)), token)
    t.equal(text(sealFernet(keyOf(key), Buffer.from(data), IV, seconds + 0.999)), token)
    t.equal(text(openFernet([keyOf(key)], Buffer.from(token))), data)
    t.equal(text(new FernetEncryptor(key).decrypt(Buffer.from(token), PLACE)), data)
  }
})

t.test('a token contains the time at which it was made', async (t) => {
  const before = Math.floor(now())
  const token = Buffer.from(text(new FernetEncryptor(KEY).encrypt(DATA, PLACE))!, 'base64url')
  const seconds = Number(token.readBigUInt64BE(1))
  t.ok(seconds >= before && seconds <= now())
  t.equal(token[0], 0x80)
})

t.test('the first key encrypts, and all keys decrypt', async (t) => {
  const [older, newer] = [FernetEncryptor.generateKey(), FernetEncryptor.generateKey()]
  const rotated = new FernetEncryptor([newer, older])
  t.equal(text(rotated.decrypt(new FernetEncryptor(older).encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(text(new FernetEncryptor(newer).decrypt(rotated.encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(new FernetEncryptor(older).decrypt(rotated.encrypt(DATA, PLACE), PLACE), null)
})

t.test('a generated key has the form that Python accepts', async (t) => {
  const key = FernetEncryptor.generateKey()
  t.match(key, /^[A-Za-z0-9_-]{43}=$/)
  t.not(FernetEncryptor.generateKey(), key)
})

t.test('a key that is not 32 bytes is refused', async (t) => {
  t.throws(() => new FernetEncryptor(undefined), {
    code: 'FST_SESSION_OPTIONS',
    message: 'FernetEncryptor: keys is undefined: is SESSION_KEY set?'
  })
  t.throws(() => new FernetEncryptor([KEY, randomBytes(16)]), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'FernetEncryptor: keys[1] has 16 bytes: pass 32 bytes, as base64url text or a Uint8Array. FernetEncryptor.generateKey() makes such a key'
  })
})

t.test('a token is read only in padded base64url', async (t) => {
  for (const { key, token, data } of VECTORS) {
    const open = (spelling: string) => text(openFernet([keyOf(key)], Buffer.from(spelling, 'latin1')))
    t.equal(open(token), data)
    t.equal(open(token.replace(/=+$/, '')), null, 'unpadded')
    t.equal(open(`${token}=`), null, 'more padding')
    t.equal(open(token.replaceAll('-', '+').replaceAll('_', '/')), null, 'standard base64')
    t.equal(open(`${token}\n`), null, 'a line break')
    t.equal(open(`${token.slice(0, 20)} ${token.slice(20)}`), null, 'a space')
    t.equal(open(`${token.slice(0, 20)}\u00ff${token.slice(20)}`), null, 'a character outside of base64url')
  }
  const first = VECTORS[0]!.token
  t.equal(openFernet([keyOf(KEY)], Buffer.from(first.replace(/g=$/, 'h='))), null, 'stray bits')
})

t.test('an invalid token with a right signature is refused without an error', async (t) => {
  const open = (body: Uint8Array) => text(openFernet([keyOf(KEY)], signed(body)))
  const padded = (byte: number) => Buffer.from('hello'.padEnd(15, ' ') + String.fromCharCode(byte))
  t.equal(open(encrypted(padded(1), 0x80)), 'hello'.padEnd(15, ' '))
  t.equal(open(encrypted(padded(1), 0x81)), null, 'another version')
  t.equal(open(encrypted(padded(0), 0x80)), null, 'wrong padding')
  t.equal(open(encrypted(padded(1), 0x80).subarray(0, -1)), null, 'half a block')
  t.equal(open(encrypted(padded(1), 0x80).subarray(0, 25)), null, 'no block')
  t.equal(open(encrypted(padded(1), 0x80).subarray(0, 24)), null, 'half an IV')
  t.equal(open(Buffer.alloc(0)), null, 'nothing')
})

t.test('any data are decrypted to the same bytes', async (t) => {
  const encryptor = new FernetEncryptor(KEY)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (data) => {
      const opened = encryptor.decrypt(encryptor.encrypt(data, PLACE), PLACE)
      return opened !== null && Buffer.compare(opened, data) === 0
    })
  )
  t.pass('for all that were tried')
})
