import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { SessionGoneError, SessionUnavailableError } from '../../../lib/errors.ts'
import { Unawaited } from '../../../lib/lifecycle/order/unawaited.ts'

function make() {
  const told: { err: unknown; message: string }[] = []
  const error = (details: { err: unknown }, message: string) => void told.push({ err: details.err, message })
  const unawaited = new Unawaited({ debug() {}, warn() {}, error } as never)
  return { told, unawaited }
}

const open = () => false
const over = () => true

t.test('without a failure nothing is reported', async (t) => {
  const { told, unawaited } = make()
  await unawaited.ended()
  t.equal(unawaited.tell(), undefined)
  t.equal(await unawaited.track('save', Promise.resolve(7), open), 7)
  await unawaited.ended()
  t.same([unawaited.isSettled, unawaited.tell(), told], [true, undefined, []])
})

t.test('a command that ends at once does not hide a command that is still running', async (t) => {
  const { told, unawaited } = make()
  let fail = (_: Error): void => undefined
  unawaited.track('update', new Promise((_, reject) => (fail = reject)), open)
  await t.rejects(unawaited.track('save', Promise.reject(new SessionGoneError()), open))
  const ended = unawaited.ended()
  await turn()
  const down = new SessionUnavailableError()
  fail(down)
  await ended
  t.equal(unawaited.tell(), down)
  t.match(told, [{ err: down }])
})

t.test('a failure that nobody awaited is logged once, with the method and the remedy', async (t) => {
  const { told, unawaited } = make()
  const down = new SessionUnavailableError()
  unawaited.track('save', Promise.reject(down), open)
  unawaited.track('destroy', Promise.reject(new SessionGoneError()), open)
  const taken = unawaited.track('reload', Promise.reject(down), open)
  await t.rejects(taken, down)
  await unawaited.ended()
  t.equal(unawaited.isSettled, false)
  t.equal(unawaited.tell(), down, 'the first failure can become the response')
  t.match(told, [
    { err: down, message: 'session.save() failed, and nobody waited for it: write `await session.save()`' },
    { message: /session\.destroy\(\) failed/ }
  ])
  t.equal(unawaited.tell(), undefined)
  t.equal(told.length, 2)
})

t.test('an error from a function of the application does not become the response', async (t) => {
  for (const thrown of [Object.assign(new Error('secret'), { statusCode: 418 }), 'secret', undefined]) {
    const { told, unawaited } = make()
    unawaited.track('update', Promise.reject(thrown), open)
    await unawaited.ended()
    t.match(unawaited.tell(), {
      code: 'FST_SESSION_OPTIONS',
      statusCode: 500,
      message: 'session.update() failed, and nobody waited for it: see the log'
    })
    t.same(told[0]?.err, thrown)
  }
})

t.test('after the response, a failure is logged in the next turn of the event loop', async (t) => {
  const { told, unawaited } = make()
  unawaited.track('save', Promise.reject(new SessionUnavailableError()), over)
  const taken = unawaited.track('save', Promise.reject(new SessionUnavailableError()), over)
  taken.catch(() => undefined)
  await unawaited.ended()
  t.same(told, [])
  await turn()
  t.equal(told.length, 1)
})
