import t from 'tap'
import { expect, expectBytes, expectRefused, expectReplaced, expectSame } from '../../lib/conformance/expect.ts'
import type { Replaced } from '../../types/store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

t.test('what holds is silent', async (t) => {
  expect(true, 'it holds')
  expectSame(Number.NaN, Number.NaN, 'call()')
  expectBytes(Buffer.from('a'), bytes('a'), 'call()')
  expectBytes(null, null, 'call()')
  expectReplaced({ replaced: true }, 'call()')
  expectRefused({ replaced: false, current: Buffer.from('a') }, bytes('a'), 'call()')
  expectRefused({ replaced: false, current: null }, null, 'call()')
  t.pass('nothing was thrown')
})

const FAULTS: [check: () => void, message: string][] = [
  [() => expect(false, 'a reason'), 'a reason'],
  [() => expectSame(undefined, null, 'read()'), 'read(): the answer is undefined, but must be null'],
  [() => expectBytes(null, bytes('a'), 'read()'), "read(): the answer is null, but must be 1 bytes 'a'"],
  [() => expectBytes(bytes('b'), bytes('a'), 'read()'), "read(): the answer is 1 bytes 'b', but must be 1 bytes 'a'"],
  [
    () => expectBytes('a' as unknown as Uint8Array, bytes('a'), 'read()'),
    "read(): the answer is 'a', but must be a Uint8Array or null"
  ],
  [
    () => expectReplaced({ replaced: false, current: null }, 'replace()'),
    'replace(): the answer is { replaced: false, current: null }, but must be { replaced: true }'
  ],
  [() => expectReplaced(undefined, 'replace()'), 'replace(): the answer is undefined, but must be { replaced: true }'],
  [
    () => expectRefused({ replaced: true }, null, 'replace()'),
    'replace(): the answer is { replaced: true }, but must be { replaced: false, current: null }'
  ],
  [
    () => expectRefused({ replaced: false } as Replaced, null, 'replace()'),
    'replace(), current: the answer is undefined, but must be a Uint8Array or null'
  ]
]

t.test('an error of node:assert names the call, the answer and what it must be', async (t) => {
  for (const [check, message] of FAULTS) t.throws(check, { code: 'ERR_ASSERTION', message })
})

t.test('long bytes are cut in a message', async (t) => {
  t.throws(() => expectBytes(new Uint8Array(1e6), null, 'read()'), { message: /^.{0,300}$/ })
})
