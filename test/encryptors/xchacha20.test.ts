import { createCipheriv, randomBytes } from 'node:crypto'
import { Module } from 'node:module'
import fc from 'fast-check'
import t from 'tap'
import { XChaCha20Encryptor } from '../../lib/encryptors/xchacha20.ts'
import { encryptorConformance } from '../support/encryptor-conformance.ts'

const PLACE = Buffer.from('session\0one')
const DATA = Buffer.from('{"user": "alice"}')
const RAW = Buffer.from(Array.from({ length: 32 }, (_, index) => index))

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())

encryptorConformance(t, 'XChaCha20Encryptor', () => new XChaCha20Encryptor(XChaCha20Encryptor.generateKey()), {
  bound: true
})

t.test('the vector of draft-irtf-cfrg-xchacha-03, section A.3.1', async (t) => {
  const plaintext =
    '4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e'
  const sealed =
    '404142434445464748494a4b4c4d4e4f5051525354555657bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49'
  const key = Buffer.from('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f', 'hex')
  const opened = new XChaCha20Encryptor(key).decrypt(
    Buffer.from(sealed, 'hex'),
    Buffer.from('50515253c0c1c2c3c4c5c6c7', 'hex')
  )
  t.equal(Buffer.from(opened ?? []).toString('hex'), plaintext)
})

/** HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2): the key and 16 bytes of the nonce give a key for ChaCha20. */
function hChaCha20(key: Buffer, nonce: Buffer): Buffer {
  const words = (bytes: Buffer) => Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32LE(4 * at))
  const state = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...words(key), ...words(nonce))
  const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))
  const step = (a: number, b: number, c: number, bits: number) => {
    state[a] = state[a]! + state[b]!
    state[c] = rotate(state[c]! ^ state[a]!, bits)
  }
  const quarter = (a: number, b: number, c: number, d: number) => {
    step(a, b, d, 16)
    step(c, d, b, 12)
    step(a, b, d, 8)
    step(c, d, b, 7)
  }
  for (let round = 0; round < 10; round++) {
    for (let at = 0; at < 4; at++) quarter(at, 4 + at, 8 + at, 12 + at)
    for (let at = 0; at < 4; at++) quarter(at, 4 + ((at + 1) % 4), 8 + ((at + 2) % 4), 12 + ((at + 3) % 4))
  }
  const subkey = Buffer.alloc(32)
  for (const [index, at] of [0, 1, 2, 3, 12, 13, 14, 15].entries()) subkey.writeUInt32LE(state[at]!, 4 * index)
  return subkey
}

t.test('another implementation encrypts to the same bytes', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 60 }), (data, place) => {
      const key = randomBytes(32)
      const sealed = Buffer.from(new XChaCha20Encryptor(key).encrypt(data, place))
      const nonce = Buffer.concat([Buffer.alloc(4), sealed.subarray(16, 24)])
      const options = { authTagLength: 16 }
      const cipher = createCipheriv('chacha20-poly1305', hChaCha20(key, sealed.subarray(0, 16)), nonce, options)
      cipher.setAAD(place, { plaintextLength: data.length })
      const bytes = Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
      return bytes.equals(sealed.subarray(24))
    })
  )
  t.pass('for all that were tried')
})

t.test('a nonce is never used twice', async (t) => {
  const encryptor = new XChaCha20Encryptor(RAW)
  const nonces = new Set<string>()
  for (let count = 0; count < 1000; count++) {
    nonces.add(Buffer.from(encryptor.encrypt(DATA, PLACE)).toString('hex', 0, 24))
  }
  t.equal(nonces.size, 1000)
})

t.test('the first key encrypts, and all keys decrypt', async (t) => {
  const [older, newer] = [randomBytes(32), XChaCha20Encryptor.generateKey()]
  const rotated = new XChaCha20Encryptor([newer, older])
  t.equal(text(rotated.decrypt(new XChaCha20Encryptor(older).encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(text(new XChaCha20Encryptor(newer).decrypt(rotated.encrypt(DATA, PLACE), PLACE)), text(DATA))
  t.equal(new XChaCha20Encryptor(older).decrypt(rotated.encrypt(DATA, PLACE), PLACE), null)
})

t.test('the caller may wipe a key after passing it', async (t) => {
  const key = randomBytes(32)
  const sealed = new XChaCha20Encryptor(Buffer.from(key)).encrypt(DATA, PLACE)
  const encryptor = new XChaCha20Encryptor(key)
  key.fill(0)
  t.equal(text(encryptor.decrypt(sealed, PLACE)), text(DATA))
})

t.test('a new key is 32 bytes of base64url', async (t) => {
  const key = XChaCha20Encryptor.generateKey()
  t.match(key, /^[A-Za-z0-9_-]{43}$/)
  t.not(XChaCha20Encryptor.generateKey(), key)
})

t.test('a bad key is refused', async (t) => {
  t.throws(() => new XChaCha20Encryptor(undefined), {
    code: 'FST_SESSION_OPTIONS',
    message: 'XChaCha20Encryptor: keys is undefined: is SESSION_KEY set?'
  })
  t.throws(() => new XChaCha20Encryptor([RAW, randomBytes(16)]), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'XChaCha20Encryptor: keys[1] has 16 bytes: pass 32 bytes, as base64url text or a Uint8Array. XChaCha20Encryptor.generateKey() makes such a key'
  })
})

t.test('without sodium-native, the constructor says how to install it, and keys can be made', async (t) => {
  const loader = Module as unknown as { _load(name: string, ...others: unknown[]): unknown }
  const load = loader._load
  t.teardown(() => Object.assign(loader, { _load: load }))
  loader._load = (name, ...others) => {
    if (name === 'sodium-native') throw Object.assign(new Error('missing'), { code: 'MODULE_NOT_FOUND' })
    return load.call(loader, name, ...others)
  }
  t.throws(() => new XChaCha20Encryptor(XChaCha20Encryptor.generateKey()), {
    code: 'FST_SESSION_OPTIONS',
    message: /cannot be loaded\. Run `npm install sodium-native`/,
    cause: { code: 'MODULE_NOT_FOUND' }
  })
})
