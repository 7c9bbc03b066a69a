import t from 'tap'
import { promised, settle, when } from '../../lib/base/when.ts'

const down = new Error('down')
const thrown = (): never => {
  throw down
}

t.test('when() goes on at once if the answer is there', async (t) => {
  t.equal(
    when(1, (value) => value + 1),
    2
  )
  t.throws(() => when(1, thrown), down)
  const later = when(1, async (value) => value + 1)
  t.type(later, Promise)
  t.equal(await later, 2)
})

t.test('when() goes on after a promise', async (t) => {
  t.equal(await when(Promise.resolve(1), (value) => value + 1), 2)
  t.equal(await when(Promise.resolve(1), async (value) => value + 1), 2)
  await t.rejects(async () => when(Promise.resolve(1), thrown), down)
  await t.rejects(async () => when(Promise.reject(down), () => t.fail('there is no answer')), down)
})

t.test('settle() goes on with the result of a step, or with its error', async (t) => {
  const caught: unknown[] = []
  const failed = (error: unknown): string => {
    caught.push(error)
    return 'handled'
  }
  const done = (value: string) => `${value}!`
  t.equal(
    settle(() => 'done', done, failed),
    'done!'
  )
  t.equal(settle(thrown, done, failed), 'handled')
  t.equal(await settle(async () => 'done', done, failed), 'done!')
  t.equal(await settle(async () => thrown(), done, failed), 'handled')
  t.same(caught, [down, down])
  t.throws(() => settle(thrown, done, thrown), down)
  t.throws(() => settle(() => 'done', thrown, failed), down, 'an error of what comes next is not handled')
  await t.rejects(async () => settle(async () => 'done', thrown, failed), down)
  t.equal(caught.length, 2)
})

t.test('promised() always returns a promise', async (t) => {
  const answer = promised(() => 1)
  t.type(answer, Promise)
  t.equal(await answer, 1)
  t.equal(await promised(async () => 2), 2)
  await t.rejects(promised(thrown), down)
  await t.rejects(
    promised(async () => thrown()),
    down
  )
})
