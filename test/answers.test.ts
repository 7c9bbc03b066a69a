import t from 'tap'
import { andThen, attempt, isPromise, settle } from '../lib/answers.ts'

const down = new Error('down')
const fail = (): never => {
  throw down
}
/** A promise of another library. */
const foreign = (value: unknown) =>
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about
  ({ then: (resolve: (value: unknown) => void) => resolve(value) }) as unknown as Promise<unknown>

t.test('a promise is told by its then', async (t) => {
  for (const promise of [Promise.resolve(1), foreign(1)]) t.equal(isPromise(promise), true)
  for (const value of [null, undefined, '', 'then', 0, true, {}, new Uint8Array(1)]) t.equal(isPromise(value), false)
})

t.test('what follows an answer runs at once where it is there, and later where it is a promise', async (t) => {
  t.equal(
    andThen(1, (value) => value + 1),
    2
  )
  const later = andThen(Promise.resolve(1), (value) => value + 1)
  t.equal(isPromise(later), true)
  t.equal(await later, 2)
  t.throws(() => andThen(1, fail), down)
  await t.rejects(async () => andThen(Promise.resolve(1), fail), down)
})

t.test('what is thrown is caught as what is rejected', async (t) => {
  const caught = (error: unknown) => ({ caught: error })
  t.same(attempt(fail, caught), { caught: down })
  t.same(await attempt(() => Promise.reject(down), caught), { caught: down })
  t.equal(
    attempt(() => 1, caught),
    1
  )
  t.equal(await attempt(() => Promise.resolve(1), caught), 1)
  t.throws(() => attempt(fail, fail), down)
  await t.rejects(async () => attempt(() => Promise.reject(new Error('first')), fail), down)
})

t.test('what fails afterwards is not caught', async (t) => {
  const never = () => t.fail('it was asked well')
  t.throws(() => settle(() => 1, fail, never), down)
  await t.rejects(async () => settle(() => Promise.resolve(1), fail, never), down)
})

t.test('a promise of another library becomes one of ours', async (t) => {
  const answer = attempt(
    () => foreign(1),
    () => 2
  )
  t.ok(answer instanceof Promise)
  t.equal(await answer, 1)
})
