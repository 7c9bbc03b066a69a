import t, { type Test } from 'tap'
import { Stalled } from '../../../lib/stores/redis/stalled.ts'

/** Time that passes when the test says so. */
function setUp(t: Test) {
  let now = 1_000
  t.intercept(performance, 'now', { value: () => now })
  return {
    stalled: new Stalled(),
    pass: (milliseconds: number) => {
      now += milliseconds
    }
  }
}

t.test('what a command comes to is handed on as it is', async (t) => {
  const { stalled, pass } = setUp(t)
  t.equal(await stalled.watch(async () => 'answer'), 'answer')
  await t.rejects(
    stalled.watch(() => Promise.reject(new Error('OOM'))),
    { message: 'OOM' }
  )
  pass(60_000)
  t.equal(await stalled.watch(async () => 'answer'), 'answer', 'what has been answered does not count')
})

t.test('a command without an answer for ten seconds: nothing more is sent until it has one', async (t) => {
  const { stalled, pass } = setUp(t)
  const answers: ((answer: string) => void)[] = []
  const oldest = stalled.watch(() => new Promise<string>((resolve) => answers.push(resolve)))
  pass(10_000)
  const next = stalled.watch(() => new Promise<string>((resolve) => answers.push(resolve)))
  t.equal(answers.length, 2, 'this one still is')
  pass(1)
  await t.rejects(
    stalled.watch(async () => t.fail('it is sent')),
    { message: 'Redis has not answered for 10 s: nothing more is sent until it does, or the client connects anew' }
  )
  answers[0]?.('late')
  t.equal(await oldest, 'late')
  answers[1]?.('later')
  t.equal(await next, 'later')
  t.equal(await stalled.watch(async () => 'again'), 'again')
})

t.test('a command that will never have an answer, because a later one has: it is not waited for', async (t) => {
  const { stalled, pass } = setUp(t)
  stalled.watch(() => new Promise(() => undefined))
  t.equal(await stalled.watch(async () => 'later'), 'later')
  pass(60_000)
  t.equal(await stalled.watch(async () => 'again'), 'again')
})

t.test('a command that fails says nothing about those before it', async (t) => {
  const { stalled, pass } = setUp(t)
  stalled.watch(() => new Promise(() => undefined))
  await t.rejects(stalled.watch(() => Promise.reject(new Error('The client is offline'))))
  pass(10_001)
  await t.rejects(
    stalled.watch(async () => 'answer'),
    { message: /^Redis has not answered for 10 s/ }
  )
})
