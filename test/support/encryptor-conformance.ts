import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Encryptor } from '../../types/encryptor.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const PLAIN = bytes('{"user":"alice"}')
const PLACE = bytes('session\0one')
const OTHER_PLACES = ['session\0two', 'other\0one', 'session\0', ''].map(bytes)

const isEqual = (a: Uint8Array | null, b: Uint8Array): boolean => a !== null && Buffer.compare(a, b) === 0

/**
 * Tests the promises that each encryptor must keep.
 *
 * @param make makes an encryptor with a new key on each call
 * @param facts `bound` says whether the encryptor authenticates the associated data
 */
export function encryptorConformance(
  t: Test,
  name: string,
  make: () => Encryptor | Promise<Encryptor>,
  facts: { readonly bound: boolean }
): void {
  t.test(`${name}: data of any size are decrypted to the same bytes`, async (t) => {
    const encryptor = await make()
    for (const size of [0, 1, 15, 16, 17, 200, 100 * 1024]) {
      const data = new Uint8Array(randomBytes(size))
      const opened = await encryptor.decrypt(await encryptor.encrypt(data, PLACE), PLACE)
      t.ok(isEqual(opened, data), `${size} bytes`)
    }
  })

  t.test(`${name}: encrypt and decrypt accept a view into a larger buffer and do not change it`, async (t) => {
    const encryptor = await make()
    const plain = new Uint8Array([0, ...PLAIN, 0]).subarray(1, -1)
    const sealed = await encryptor.encrypt(plain, PLACE)
    const moved = new Uint8Array([0, ...sealed, 0]).subarray(1, -1)
    t.ok(isEqual(await encryptor.decrypt(moved, PLACE), PLAIN))
    t.ok(isEqual(plain, PLAIN))
    t.ok(isEqual(moved, sealed))
  })

  t.test(`${name}: equal data give different bytes each time, which do not contain the plaintext`, async (t) => {
    const encryptor = await make()
    const seen = new Set<string>()
    for (let count = 0; count < 100; count++) {
      const sealed = Buffer.from(await encryptor.encrypt(PLAIN, PLACE))
      t.notOk(sealed.includes(Buffer.from(PLAIN)))
      seen.add(sealed.toString('hex'))
    }
    t.equal(seen.size, 100)
  })

  t.test(`${name}: a flipped bit is refused at every position`, async (t) => {
    const encryptor = await make()
    const sealed = await encryptor.encrypt(PLAIN, PLACE)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = Uint8Array.from(sealed)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      if ((await encryptor.decrypt(forged, PLACE)) !== null) t.fail(`bit ${bit}`)
    }
  })

  t.test(`${name}: truncated and lengthened data are refused`, async (t) => {
    const encryptor = await make()
    const sealed = await encryptor.encrypt(PLAIN, PLACE)
    for (let length = 0; length < sealed.length; length++) {
      t.equal(await encryptor.decrypt(sealed.slice(0, length), PLACE), null, `the first ${length} bytes`)
      t.equal(await encryptor.decrypt(sealed.slice(length + 1), PLACE), null, `without the first ${length + 1}`)
    }
    for (const more of [0, 0x0a, 0x20, 0x3d, 0xff]) {
      t.equal(await encryptor.decrypt(Uint8Array.of(...sealed, more), PLACE), null, `one more: ${more}`)
    }
  })

  t.test(`${name}: data of another key are refused`, async (t) => {
    const sealed = await (await make()).encrypt(PLAIN, PLACE)
    t.equal(await (await make()).decrypt(sealed, PLACE), null)
  })

  t.test(`${name}: plaintext is refused`, async (t) => {
    const encryptor = await make()
    t.equal(await encryptor.decrypt(PLAIN, PLACE), null)
    t.equal(await encryptor.decrypt(bytes(`{"user":"${'a'.repeat(500)}"}`), PLACE), null)
  })

  t.test(`${name}: random bytes are refused without an error`, async (t) => {
    const encryptor = await make()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (data) => {
        return (await encryptor.decrypt(data, PLACE)) === null
      })
    )
    t.pass('all random inputs were refused')
  })

  t.test(`${name}: under another session id data are ${facts.bound ? 'refused' : 'decrypted'}`, async (t) => {
    const encryptor = await make()
    const sealed = await encryptor.encrypt(PLAIN, PLACE)
    for (const place of OTHER_PLACES) t.equal((await encryptor.decrypt(sealed, place)) === null, facts.bound)
  })
}
