import t from 'tap'
import { keyList } from '../../lib/checks/key-list.ts'
import { SessionOptionsError } from '../../lib/errors.ts'

const SECRET = 'a secret that must not be shown'
const option = { owner: 'CookieStore', option: 'secretKey', variable: 'SESSION_SECRET' }
const list = (keys: unknown) => keyList(option, keys, (raw) => raw)

t.test('one key gives a list with one key', async (t) => {
  t.strictSame(list(SECRET), [SECRET])
  t.strictSame(list(Uint8Array.of(1, 2)), [Uint8Array.of(1, 2)])
  t.strictSame(list(Buffer.from('ab')), [Buffer.from('ab')])
})

t.test('a list of keys keeps its order', async (t) => {
  t.strictSame(list(['new', Uint8Array.of(1), 'old']), ['new', Uint8Array.of(1), 'old'])
})

t.test('each slot is converted to a key once', async (t) => {
  t.strictSame(
    keyList(option, ['a', 'bc'], (raw) => raw.length),
    [1, 2]
  )
})

t.test('an invalid key is refused in any slot, and the message names the slot and the remedy', async (t) => {
  const cases: [unknown, string][] = [
    [undefined, 'CookieStore: secretKey is undefined: is SESSION_SECRET set?'],
    [null, 'CookieStore: secretKey is null: is SESSION_SECRET set?'],
    ['', 'CookieStore: secretKey is empty: is SESSION_SECRET set?'],
    [new Uint8Array(0), 'CookieStore: secretKey is empty: is SESSION_SECRET set?'],
    [12, 'CookieStore: secretKey is of type number: pass text or a Uint8Array'],
    [{ key: SECRET }, 'CookieStore: secretKey is of type object: pass text or a Uint8Array'],
    [new Uint16Array(4), 'CookieStore: secretKey is of type object: pass text or a Uint8Array'],
    [[], 'CookieStore: secretKey is an empty list: pass at least one key'],
    [[undefined], 'CookieStore: secretKey[0] is undefined: is SESSION_SECRET set?'],
    [[SECRET, ''], 'CookieStore: secretKey[1] is empty: set it, or leave it out of the list'],
    [[SECRET, SECRET, undefined], 'CookieStore: secretKey[2] is undefined: set it, or leave it out of the list'],
    [[SECRET, [SECRET]], 'CookieStore: secretKey[1] is of type object: pass text or a Uint8Array'],
    // biome-ignore lint/suspicious/noSparseArray: a hole must not pass
    [[SECRET, , SECRET], 'CookieStore: secretKey[1] is undefined: set it, or leave it out of the list']
  ]
  for (const [keys, message] of cases) {
    t.throws(() => list(keys), { constructor: SessionOptionsError, code: 'FST_SESSION_OPTIONS', message })
  }
})

t.test('a class can refuse a key for its own reasons', async (t) => {
  const pick = (keys: unknown) =>
    keyList(option, keys, (raw, refuse) => {
      if (raw.length < 3) throw refuse('is too short')
      return raw
    })
  t.strictSame(pick(['abc']), ['abc'])
  t.throws(() => pick('ab'), { code: 'FST_SESSION_OPTIONS', message: 'CookieStore: secretKey is too short' })
  t.throws(() => pick(['abc', 'ab']), { message: 'CookieStore: secretKey[1] is too short' })
})
