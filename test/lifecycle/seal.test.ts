import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { seal, unseal } from '../../lib/lifecycle/seal.ts'

const OLD_ID = '1Kc33aN3own52zHT3WrxSBOKrwRkEOB_9RqjreUJrts'
const NEW_ID = 'JvLD9sYSPPaZPg4zDpkTnQyu9_JU3THOn0AOFM8pn30'
const OTHER_ID = '1Kc33aN3own52zHT3WrxSBOKrwRkEOB_9RqjreUJrtt'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/='

const ids = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 100 })
const libraryIds = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** The format of docs/internals/wire-formats.md, written a second time. */
function sealAsDocumented(id: string, successor: string): string {
  const tag = sha256(`tag:${id}:${successor}`).subarray(0, 16)
  const blocks = Array.from({ length: Math.ceil(successor.length / 32) }, (_, block) =>
    sha256(`pad:${id}:${tag.toString('hex')}:${block}`)
  )
  const pad = Buffer.concat(blocks)
  return Buffer.concat([tag, Buffer.from(successor).map((byte, at) => byte ^ pad[at]!)]).toString('base64url')
}

t.test('a new id can be read only with the id that sealed it', async (t) => {
  const sealed = seal(OLD_ID, NEW_ID)
  t.match(sealed, /^[\w-]{79}$/)
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), NEW_ID)
  t.equal(unseal(OLD_ID, sealed), NEW_ID)
  t.equal(unseal(OTHER_ID, sealed), null)
})

t.test('ids of any length and form are sealed as documented', async (t) => {
  fc.assert(
    fc.property(fc.oneof(ids, libraryIds), fc.oneof(ids, libraryIds), (id, successor) => {
      const sealed = seal(id, successor)
      t.equal(sealed, sealAsDocumented(id, successor))
      return unseal(id, sealed) === successor && unseal(`${id}0`, sealed) === null
    })
  )
  t.pass('each seal was as documented')
})

t.test('the vectors of the documentation', async (t) => {
  for (const [id, successor, sealed] of [
    [OLD_ID, NEW_ID, 'jaU85z6_x_EtrKEwcWeyG4vzMyH3h6POH6JgkofY5kA7FWCQU6kK7Jf3IUViF_NZQ-kuy7TML3OHnwg'],
    [
      '0123456789abcdef0123456789abcdef',
      NEW_ID,
      'pfeXGHw3nXDxDiMOo6KB1QBrqpSJlRUFsihTLU3fXBuzJlxec0rzsDjYyvB2veXH-oWJ2l__PWXxwmw'
    ],
    [OLD_ID, 'a', 'ef3DAgKUXa7sntTvF9tc7w8'],
    [
      OLD_ID,
      'a'.repeat(65),
      'kt8K8p3Q1fdW8LxbrMl4YPqFz66KNMnRnlaqUvStdr2tJoWNTdC4cdHyLAxR89EjMdwiv-1wFY2BWIXxGULgVgD4rm2PdK4-GyvSnjBHELcX'
    ]
  ] as const) {
    t.equal(seal(id, successor), sealed)
    t.equal(unseal(id, sealed), successor)
  }
})

t.test('two new ids of one old id have different pads, so their seals do not give away their difference', async (t) => {
  const [first, second] = ['A', 'B'].map((letter) => Buffer.from(seal(OLD_ID, letter.repeat(43)), 'base64url'))
  const differences = new Set(first!.subarray(16).map((byte, at) => byte ^ second![16 + at]!))
  t.ok(differences.size > 20, `${differences.size} different values in 43 bytes`)
})

t.test('a seal that was changed, cut or lengthened at any position is refused', async (t) => {
  const sealed = seal(OLD_ID, NEW_ID)
  for (let at = 0; at <= sealed.length; at++) {
    for (const letter of 'AZaz09-_+/= .\u0141') {
      const forged = `${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`
      if (forged !== sealed) t.equal(unseal(OLD_ID, forged), null, forged)
      t.equal(unseal(OLD_ID, `${sealed.slice(0, at)}${letter}${sealed.slice(at)}`), null)
    }
    if (at < sealed.length) t.equal(unseal(OLD_ID, sealed.slice(0, at)), null)
  }
})

t.test('text that is no seal is refused, however long it is', async (t) => {
  fc.assert(fc.property(fc.oneof(fc.string(), libraryIds), (text) => unseal(OLD_ID, text) === null))
  const long = randomBytes(10_000_000).toString('base64url')
  const began = process.cpuUsage()
  t.equal(unseal(OLD_ID, long), null)
  const { user, system } = process.cpuUsage(began)
  t.ok(user + system < 500_000, `${user + system} us`)
  const longest = 'a'.repeat(4096)
  t.equal(unseal(OLD_ID, seal(OLD_ID, longest)), longest)
})
