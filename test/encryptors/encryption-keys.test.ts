import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { encryptionKeys } from '../../lib/encryptors/encryption-keys.ts'

const read = (keys: unknown, sizes: readonly number[] = [32]) =>
  encryptionKeys('Owner', keys, sizes).map((bytes) => Buffer.from(bytes).toString('hex'))

/** A key whose base64 and base64url texts differ, and need padding. */
const BYTES = Buffer.alloc(32, 0xfb)
const HEX = BYTES.toString('hex')
const standard = BYTES.toString('base64')
const urlSafe = standard.replaceAll('+', '-').replaceAll('/', '_')

t.test('a key may be bytes, base64url or base64, with or without padding', async (t) => {
  const spellings = [BYTES, new Uint8Array(BYTES), standard, standard.slice(0, -1), urlSafe, urlSafe.slice(0, -1)]
  for (const key of spellings) t.strictSame(read(key), [HEX])
  t.strictSame(read(spellings), Array(6).fill(HEX))
})

t.test('any key is decoded from its text', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 32 }), (key) => {
      const bytes = Buffer.from(key)
      const spellings = [bytes.toString('base64'), bytes.toString('base64url')]
      return spellings.every((text) => read(text, [key.length])[0] === bytes.toString('hex'))
    })
  )
  t.pass('for all that were tried')
})

t.test('each listed length is accepted', async (t) => {
  for (const size of [16, 24, 32]) {
    const key = randomBytes(size)
    t.strictSame(
      read([key, key.toString('base64'), key.toString('base64url')], [16, 24, 32]),
      Array(3).fill(key.toString('hex'))
    )
  }
})

t.test('a key of another length is refused, and the message says its length', async (t) => {
  const take = 'pass 32 bytes, as base64url text or a Uint8Array. Owner.generateKey() makes such a key'
  for (const size of [1, 16, 31, 33, 64]) {
    const key = randomBytes(size)
    const message = `Owner: keys has ${size} bytes: ${take}`
    t.throws(() => read(key), { code: 'FST_SESSION_OPTIONS', message })
    t.throws(() => read(key.toString('base64url')), { code: 'FST_SESSION_OPTIONS', message })
  }
  t.throws(() => read([BYTES, randomBytes(17)], [16, 24, 32]), {
    message:
      'Owner: keys[1] has 17 bytes: pass 16, 24 or 32 bytes, as base64url text or a Uint8Array. Owner.generateKey() makes such a key'
  })
})

t.test('a hexadecimal key is refused as hexadecimal, in upper and lower case', async (t) => {
  const message = "Owner: keys is hexadecimal: pass Buffer.from(key, 'hex')"
  t.throws(() => read(HEX), { code: 'FST_SESSION_OPTIONS', message })
  t.throws(() => read(randomBytes(32).toString('hex').toUpperCase()), { message })
  t.throws(() => read(randomBytes(24).toString('hex'), [16, 24, 32]), { message })
  t.throws(
    () => read(randomBytes(16).toString('hex'), [16, 24, 32]),
    { message },
    '32 hexadecimal digits are not read as 24 bytes of base64url'
  )
})

t.test('text that is not canonical base64 is refused, and the message does not quote it', async (t) => {
  const wrong = {
    passphrase: 'correct horse battery staple, and some more',
    newline: `${urlSafe}\n`,
    space: ` ${urlSafe}`,
    'too much padding': `${urlSafe}=`,
    'padding that does not fit': `${standard.slice(0, -1)}==`,
    'stray bits': `${urlSafe.slice(0, -2)}t`,
    'both alphabets': urlSafe.replace('-', '+'),
    'percent-encoded': encodeURIComponent(standard)
  }
  for (const [name, key] of Object.entries(wrong)) {
    const message = `Owner: keys is text of ${key.length} characters that is not base64url: pass 32 bytes, as base64url text or a Uint8Array. Owner.generateKey() makes such a key`
    const error = t.throws(() => read(key), { code: 'FST_SESSION_OPTIONS', message }, name)
    t.notMatch(String(error), key.trim())
  }
})

t.test('for an undefined key, the message names the environment variable', async (t) => {
  t.throws(() => read(undefined), { message: 'Owner: keys is undefined: is SESSION_KEY set?' })
  t.throws(() => read([urlSafe, undefined]), {
    message: 'Owner: keys[1] is undefined: set it, or leave it out of the list'
  })
  t.throws(() => read([]), { message: 'Owner: keys is an empty list: pass at least one key' })
})
