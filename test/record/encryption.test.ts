import t from 'tap'
import { SessionUnavailableError } from '../../lib/errors.ts'
import { Encryption } from '../../lib/record/encryption.ts'
import type { Encryptor } from '../../types/encryptor.ts'

const BYTES = Buffer.from('x')
const UNAVAILABLE = { code: 'FST_SESSION_STORE', statusCode: 503 }

const over = (encryptor: object, timeout = 5) => new Encryption(encryptor as Encryptor, 'session', timeout)

t.test('the encryptor gets the cookie name and the session id as associated data', async (t) => {
  const seen: string[] = []
  const note = (data: Uint8Array, associatedData: Uint8Array) => {
    seen.push(Buffer.from(associatedData).toString('latin1'))
    return data
  }
  const encryption = new Encryption({ encrypt: note, decrypt: async (...args) => note(...args) }, 'sid', 5)
  t.same(await encryption.encrypt(BYTES, 'id-1'), BYTES)
  t.same(await encryption.decrypt(BYTES, ''), BYTES)
  t.same(seen, ['sid\0id-1', 'sid\0'])
})

t.test('decrypt() says with null that it did not encrypt the bytes', async (t) => {
  t.equal(await over({ decrypt: () => null }).decrypt(BYTES, 'id'), null)
  t.equal(await over({ decrypt: async () => null }).decrypt(BYTES, 'id'), null)
})

t.test('if decrypt() throws or rejects, the answer is 503 and nobody is logged out', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED with secret'), { code: 'ECONNREFUSED' })
  for (const decrypt of [() => Promise.reject(refused), () => thrown(refused)]) {
    await t.rejects(async () => over({ decrypt }).decrypt(BYTES, 'id'), {
      ...UNAVAILABLE,
      cause: { code: 'ECONNREFUSED', message: /left out/ }
    })
  }
})

t.test('an encryptor can throw SessionUnavailableError, and its cause is logged', async (t) => {
  const down = Object.assign(new TypeError('the key service said secret'), { code: 'ECONNRESET' })
  const saying = (error: Error) => over({ encrypt: () => thrown(error), decrypt: () => thrown(error) })
  const inner = { ...UNAVAILABLE, cause: { name: 'TypeError', code: 'ECONNRESET', message: /left out/ } }
  await t.rejects(async () => saying(new SessionUnavailableError({ cause: down })).decrypt(BYTES, 'id'), inner)
  await t.rejects(async () => saying(new SessionUnavailableError({ cause: down })).encrypt(BYTES, 'id'), inner)
  await t.rejects(async () => saying(new SessionUnavailableError()).decrypt(BYTES, 'id'), UNAVAILABLE)
  const trap = Object.defineProperty(new SessionUnavailableError(), 'cause', { get: () => thrown(down) })
  await t.rejects(async () => saying(trap).decrypt(BYTES, 'id'), UNAVAILABLE)
})

t.test('an answer of another type leads to 503, and the log names the method', async (t) => {
  for (const answer of ['text', undefined, 1, {}, [1], new Uint16Array(1), new ArrayBuffer(1), new Proxy(BYTES, {})]) {
    const says = (method: string) => ({
      ...UNAVAILABLE,
      cause: { message: new RegExp(`${method}\\(\\) must give a Uint8Array.* gave a value of type ${typeof answer}`) }
    })
    for (const give of [() => answer, async () => answer]) {
      await t.rejects(async () => over({ encrypt: give }).encrypt(BYTES, 'id'), says('encrypt'))
      await t.rejects(async () => over({ decrypt: give }).decrypt(BYTES, 'id'), says('decrypt'))
    }
  }
  await t.rejects(async () => over({ encrypt: () => null }).encrypt(BYTES, 'id'), { cause: { message: /gave null/ } })
})

t.test('an encryptor that never answers fails after the store timeout', async (t) => {
  const never = () => new Promise<never>(() => undefined)
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const encryption = over({ encrypt: never, decrypt: never }, 0.05)
  const late = { ...UNAVAILABLE, cause: { code: 'ETIMEDOUT' } }
  await t.rejects(async () => encryption.encrypt(BYTES, 'id'), late)
  await t.rejects(async () => encryption.decrypt(BYTES, 'id'), late)
})

function thrown(error: unknown): never {
  throw error
}
