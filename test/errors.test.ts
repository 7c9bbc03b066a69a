import { readFileSync } from 'node:fs'
import t from 'tap'
import * as errors from '../lib/errors.ts'
import type { SessionErrorCode } from '../types/errors.ts'

t.test('each error has the documented code and status', async (t) => {
  const catalogue = [
    [new errors.SessionNotLoadedError('loadSession', 'true'), 'FST_SESSION_NOT_LOADED', 500],
    [new errors.SessionOptionsError('x'), 'FST_SESSION_OPTIONS', 500],
    [new errors.SessionKeyError('x'), 'FST_SESSION_KEY', 500],
    [new errors.SessionSerializeError('x'), 'FST_SESSION_SERIALIZE', 500],
    [new errors.SessionTooLargeError('x'), 'FST_SESSION_TOO_LARGE', 500],
    [new errors.SessionGoneError(), 'FST_SESSION_GONE', 409],
    [errors.cannotSendCookie(), 'FST_SESSION_HEADERS_SENT', 500],
    [new errors.SessionUnavailableError(), 'FST_SESSION_STORE', 503]
  ] as const satisfies readonly (readonly [Error, SessionErrorCode, number])[]
  for (const [error, code, statusCode] of catalogue) t.match(error, { code, statusCode })
})

t.test('the public type of the codes has each code of the catalogue with its status, and no other', async (t) => {
  const type = readFileSync('types/errors.ts', 'utf8')
  const catalogue = Object.entries(errors).filter(([name]) => /^Session\w+Error$/.test(name))
  const codes = catalogue.map(([, Class]) => {
    const { code, statusCode } = Reflect.construct(Class, []) as { code: string; statusCode: number }
    t.match(type, `- \`${code}\` (${statusCode}): `)
    return code
  })
  const named = [...type.matchAll(/^ {2}\| '(FST_\w+)'$/gm)].map(([, code]) => code)
  t.same(named.sort(), codes.sort())
})

t.test('the error for a session that is not loaded says how to load it', async (t) => {
  const error = new errors.SessionNotLoadedError('loadSession', 'true')
  t.match(error.message, /await request\.loadSession\(\).*autoloadSession: true/)
})

t.test('the error for an unavailable store has a fixed message and keeps the original error as cause', async (t) => {
  const cause = new Error('secret host is down')
  const error = new errors.SessionUnavailableError({ cause })
  t.equal(error.cause, cause)
  t.equal(error.message, 'The session store is unavailable')
  t.equal(new errors.SessionUnavailableError().message, 'The session store is unavailable')
  t.same(error.headers, { 'retry-after': '5' })
  t.ok(error instanceof errors.SessionUnavailableError)
})

t.test('a message that names session keys is replaced for the response, and stays as cause for the log', async (t) => {
  const named = new errors.SessionSerializeError('key "cart"')
  const fixed = errors.withFixedMessage(named)
  t.match(fixed, { code: 'FST_SESSION_SERIALIZE', message: 'The session cannot be serialized: see the log' })
  t.equal(fixed.cause, named)
  const large = new errors.SessionTooLargeError('its largest keys are "cart"')
  t.match(errors.withFixedMessage(large), { code: 'FST_SESSION_TOO_LARGE', cause: large })
  t.notMatch(errors.withFixedMessage(large).message, /cart/)
  const foreign = new Error('about the cart')
  t.match(errors.withFixedMessage(foreign), { code: 'FST_SESSION_SERIALIZE', cause: foreign, message: /see the log/ })
  const gone = new errors.SessionGoneError()
  t.equal(errors.withFixedMessage(gone), gone)
  const tooLate = errors.cannotSendCookie()
  t.equal(
    errors.withFixedMessage(tooLate),
    tooLate,
    'the remedy is for the developer, and names nothing of the session'
  )
})
