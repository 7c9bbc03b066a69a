import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { AESGCMEncryptor } from '../../../lib/encryptors/aes-gcm.ts'
import { XChaCha20Encryptor } from '../../../lib/encryptors/xchacha20.ts'
import { SessionUnavailableError } from '../../../lib/errors.ts'
import { SealedFormat } from '../../../lib/stores/cookie/sealed.ts'
import type { Encryptor } from '../../../types/encryptor.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const RECORD = Buffer.from('{"user":"ada"}')
const AES_VECTOR = '1700000000.AAECAwQFBgcICQoLPCCjaKCX4CGvIPPqk5Tdax08QIlJuIqnUsKbOEWO'
const XCHACHA_VECTOR = '1700000000.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX5eB6DPWgr5QRJUKv6S9aFmTx3pAwncf6bB3oHIsC'

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())

t.test('the vectors of the documentation', async (t) => {
  fakeClock(t)
  const nonce = KEY.subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce)
  cipher.setAAD(Buffer.from('starsessions.CookieStore\0session\x001700000000'))
  const sealed = Buffer.concat([nonce, cipher.update(RECORD), cipher.final(), cipher.getAuthTag()])
  t.equal(`1700000000.${sealed.toString('base64url')}`, AES_VECTOR)
  t.equal(text(await new SealedFormat(new AESGCMEncryptor(KEY), 'session').read(AES_VECTOR, 60)), text(RECORD))
  t.equal(text(await new SealedFormat(new XChaCha20Encryptor(KEY), 'session').read(XCHACHA_VECTOR, 60)), text(RECORD))
})

t.test('the encryptor gets a label, the name of the cookie and the time as associated data', async (t) => {
  const clock = fakeClock(t)
  const seen: string[] = []
  const note = (data: Uint8Array, associatedData: Uint8Array) => {
    seen.push(Buffer.from(associatedData).toString('latin1'))
    return data
  }
  const format = new SealedFormat({ encrypt: note, decrypt: note }, 'sid')
  const value = await format.write(new Uint8Array([0, 0xff, 0xfe, 0xff, 0]).subarray(1, 4))
  t.equal(value, '1700000000.__7_')
  clock.advance(5.7)
  t.same(await format.read(value, 60), Buffer.of(0xff, 0xfe, 0xff))
  t.same(seen, Array(2).fill('starsessions.CookieStore\0sid\x001700000000'))
})

t.test('any record comes back', async (t) => {
  const format = new SealedFormat(new AESGCMEncryptor(KEY), 'session')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (record) => {
      const opened = await format.read(await format.write(record), 60)
      return opened !== null && Buffer.compare(opened, record) === 0
    })
  )
  t.pass('for all that were tried')
})

t.test('an encryptor that answers at once is answered at once, and a promise with a promise', async (t) => {
  const inner = new AESGCMEncryptor(KEY)
  const now = new SealedFormat(inner, 'session')
  const value = now.write(RECORD)
  if (typeof value !== 'string') throw new Error('a promise')
  t.equal(text(now.read(value, 60) as Uint8Array), text(RECORD))

  const later = new SealedFormat(
    { encrypt: async (...args) => inner.encrypt(...args), decrypt: async (...args) => inner.decrypt(...args) },
    'session'
  )
  const promised = later.write(RECORD)
  t.ok(promised instanceof Promise)
  const read = later.read(await promised, 60)
  t.ok(read instanceof Promise)
  t.equal(text(await read), text(RECORD))
})

t.test('a cookie that is too old or from the future is refused, and the encryptor is not called', async (t) => {
  const clock = fakeClock(t)
  let calls = 0
  const counting: Encryptor = {
    encrypt: (data) => data,
    decrypt: (data) => {
      calls++
      return data
    }
  }
  const format = new SealedFormat(counting, 'session')
  const value = await format.write(RECORD)
  for (const [seconds, refusal] of [
    [0, undefined],
    [60, undefined],
    [61, 'too-old'],
    [-60, undefined],
    [-61, 'future']
  ] as const) {
    clock.set(1_700_000_000 + seconds)
    calls = 0
    t.equal((await format.read(value, 60)) === null, refusal !== undefined, `${seconds} s`)
    t.equal(calls, refusal === undefined ? 1 : 0)
    if (refusal !== undefined) t.equal(format.explain(value, 60), refusal)
  }
})

t.test('text that is no sealed cookie is malformed, and never throws', async (t) => {
  const format = new SealedFormat(new AESGCMEncryptor(KEY), 'session')
  const malformed = [
    '',
    '.',
    '1700000000',
    'an-id-of-another-store',
    'eyJhIjoxfQ==.ZVPxAA.0sosTPMCMQ7E8t2VFJtLy07RIXw',
    '.AAAA',
    '-1.AAAA',
    '01.AAAA',
    '1e9.AAAA',
    '1.5.AAAA',
    ' 1.AAAA',
    '1000000000000000.AAAA',
    '1700000000.AAAB=',
    '1700000000.AAA=',
    '1700000000.AB',
    '1700000000.A A',
    '1700000000.++//'
  ]
  for (const value of malformed) {
    t.equal(await format.read(value, 60), null, value)
    t.equal(format.explain(value, 60), 'malformed', value)
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isDated) => {
      return format.read(isDated ? `1700000000.${text}` : text, 10 ** 12) === null
    })
  )
})

t.test('a cookie of another key is undecryptable', async (t) => {
  fakeClock(t)
  const other = new SealedFormat(new AESGCMEncryptor(AESGCMEncryptor.generateKey()), 'session')
  t.equal(await other.read(AES_VECTOR, 60), null)
  t.equal(other.explain(AES_VECTOR, 60), 'undecryptable')
})

t.test('no text of an encryptor that throws, rejects or answers nonsense is passed on', async (t) => {
  fakeClock(t)
  const down = Object.assign(new Error('the key service said secret'), { code: 'ECONNRESET' })
  const thrown = (): never => {
    throw down
  }
  const rejected = () => Promise.reject(new SessionUnavailableError({ cause: down }))
  const trap = () => Object.defineProperty({}, 'then', { get: thrown })
  const call = async (answer: () => unknown, method: 'read' | 'write') => {
    const format = new SealedFormat({ encrypt: answer, decrypt: answer } as unknown as Encryptor, 'session')
    return method === 'read' ? format.read(AES_VECTOR, 60) : format.write(RECORD)
  }
  for (const method of ['read', 'write'] as const) {
    for (const answer of [thrown, rejected, trap]) {
      await t.rejects(call(answer, method), { code: 'ECONNRESET', message: /left out/ })
    }
    for (const answer of [() => 'secret', async () => 'secret']) {
      await t.rejects(call(answer, method), { message: /must give a Uint8Array.* gave a value of type string$/ })
    }
  }
})

t.test('two sealed formats may share cookies, because nobody knows their keys', async (t) => {
  const [one, other] = [1, 2].map(() => new SealedFormat(new AESGCMEncryptor(AESGCMEncryptor.generateKey()), 'a'))
  t.equal(one!.sharesCookiesWith(other!), true)
})
