import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { openGcm, sealGcm } from '../../lib/crypto/gcm.ts'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { encryptorConformance } from '../support/encryptor-conformance.ts'

const PLACE = Buffer.from('session\0one')
const DATA = Buffer.from('{"user": "alice"}')
const RAW = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const NONCE = RAW.subarray(0, 12)
const NOTHING = new Uint8Array(0)
const SEALED = '000102030405060708090a0b3c20a368a097e021ad63f6e7d88a1d4ffebc73abb97b3d3b67c271cb6125bdc21b'

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())
const make = (options?: { bind: boolean }) => new AESGCMEncryptor(AESGCMEncryptor.generateKey(), options)

encryptorConformance(t, 'AESGCMEncryptor', () => make(), { bound: true })
encryptorConformance(t, 'AESGCMEncryptor with bind: true', () => make({ bind: true }), { bound: true })
encryptorConformance(t, 'AESGCMEncryptor with bind: false', () => make({ bind: false }), { bound: false })

t.test('with bind: false, records of starsessions for Python can be read and written', async (t) => {
  const key = createSecretKey(RAW)
  t.equal(Buffer.from(sealGcm(key, DATA, NONCE, NOTHING)).toString('hex'), SEALED)
  t.equal(text(openGcm(key, Buffer.from(SEALED, 'hex'), NOTHING)), text(DATA))
  const unbound = new AESGCMEncryptor(RAW, { bind: false })
  t.equal(text(unbound.decrypt(Buffer.from(SEALED, 'hex'), PLACE)), text(DATA))
  t.equal(text(openGcm(key, unbound.encrypt(DATA, PLACE), NOTHING)), text(DATA))
  t.equal(new AESGCMEncryptor(RAW).decrypt(Buffer.from(SEALED, 'hex'), PLACE), null)
})

t.test('the associated data are authenticated unchanged', async (t) => {
  const sealed = new AESGCMEncryptor(RAW).encrypt(DATA, PLACE)
  t.equal(text(openGcm(createSecretKey(RAW), sealed, PLACE)), text(DATA))
})

t.test('keys of 16, 24 and 32 bytes give AES-128, AES-192 and AES-256', async (t) => {
  for (const size of [16, 24, 32] as const) {
    const key = randomBytes(size)
    const cipher = createCipheriv(`aes-${(size * 8) as 128 | 192 | 256}-gcm`, key, NONCE)
    const expected = Buffer.concat([NONCE, cipher.update(DATA), cipher.final(), cipher.getAuthTag()])
    t.strictSame(Buffer.from(sealGcm(createSecretKey(key), DATA, NONCE, NOTHING)), expected)
    t.equal(text(new AESGCMEncryptor(key, { bind: false }).decrypt(expected, PLACE)), text(DATA))
    t.equal(text(new AESGCMEncryptor(key.toString('base64'), { bind: false }).decrypt(expected, PLACE)), text(DATA))
  }
})

t.test('a nonce is never used twice', async (t) => {
  const encryptor = new AESGCMEncryptor(RAW)
  const nonces = new Set<string>()
  for (let count = 0; count < 1000; count++) {
    nonces.add(Buffer.from(encryptor.encrypt(DATA, PLACE)).toString('hex', 0, 12))
  }
  t.equal(nonces.size, 1000)
})

t.test('a shortened tag is refused, even if its bytes are right', async (t) => {
  const key = createSecretKey(RAW)
  const cipher = createCipheriv('aes-256-gcm', key, NONCE, { authTagLength: 4 })
  const short = Buffer.concat([NONCE, cipher.update(DATA), cipher.final(), cipher.getAuthTag()])
  t.equal(openGcm(key, short, NOTHING), null)
  const empty = createCipheriv('aes-256-gcm', key, NONCE)
  empty.final()
  const whole = Buffer.concat([NONCE, empty.getAuthTag()])
  t.equal(text(openGcm(key, whole, NOTHING)), '')
  for (let length = 0; length < whole.length; length++) t.equal(openGcm(key, whole.subarray(0, length), NOTHING), null)
})

t.test('the first key encrypts, and all keys decrypt', async (t) => {
  const [older, newer] = [randomBytes(16), AESGCMEncryptor.generateKey()]
  const rotated = new AESGCMEncryptor([newer, older])
  t.equal(text(rotated.decrypt(new AESGCMEncryptor(older).encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(text(new AESGCMEncryptor(newer).decrypt(rotated.encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(new AESGCMEncryptor(older).decrypt(rotated.encrypt(DATA, PLACE), PLACE), null)
})

t.test('a new key is 32 bytes of base64url', async (t) => {
  const key = AESGCMEncryptor.generateKey()
  t.match(key, /^[A-Za-z0-9_-]{43}$/)
  t.not(AESGCMEncryptor.generateKey(), key)
})

t.test('a bad key is refused', async (t) => {
  t.throws(() => new AESGCMEncryptor(undefined), {
    code: 'FST_SESSION_OPTIONS',
    message: 'AESGCMEncryptor: keys is undefined: is SESSION_KEY set?'
  })
  t.throws(() => new AESGCMEncryptor([RAW, randomBytes(20)]), {
    code: 'FST_SESSION_OPTIONS',
    message: /^AESGCMEncryptor: keys\[1\] has 20 bytes: pass 16, 24 or 32 bytes, /
  })
})

t.test('an unknown or wrong option is refused', async (t) => {
  const cases: [unknown, string][] = [
    [{ bound: true }, 'AESGCMEncryptor: unknown option "bound": did you mean "bind"? Known are bind'],
    [{ bind: 'false' }, 'AESGCMEncryptor: bind must be true or false'],
    [{ bind: null }, 'AESGCMEncryptor: bind must be true or false'],
    [{ bind: 0 }, 'AESGCMEncryptor: bind must be true or false'],
    [null, 'AESGCMEncryptor: the options must be an object, with bind'],
    [false, 'AESGCMEncryptor: the options must be an object, with bind']
  ]
  for (const [options, message] of cases) {
    t.throws(() => new AESGCMEncryptor(RAW, options as object), { code: 'FST_SESSION_OPTIONS', message })
  }
})

t.test('any data are decrypted under the associated data that they were encrypted with', async (t) => {
  const encryptor = new AESGCMEncryptor(RAW)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array(), (data, place) => {
      const opened = encryptor.decrypt(encryptor.encrypt(data, place), place)
      return opened !== null && Buffer.compare(opened, data) === 0
    })
  )
  t.pass('for all that were tried')
})
