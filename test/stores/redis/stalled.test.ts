import t, { type Test } from 'tap'
import { Stalled } from '../../../lib/stores/redis/stalled.ts'

/** A clock that the test moves by hand. */
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

t.test('the result or error of a command is returned unchanged', async (t) => {
  const { stalled, pass } = setUp(t)
  t.equal(await stalled.watch(async () => 'answer'), 'answer')
  await t.rejects(
    stalled.watch(() => Promise.reject(new Error('OOM'))),
    { message: 'OOM' }
  )
  pass(60_000)
  t.equal(await stalled.watch(async () => 'answer'), 'answer', 'commands that were answered do not count')
})

t.test('while a command has had no answer for ten seconds, further commands are refused', async (t) => {
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

t.test('a command is forgotten when a later command has an answer, because it will never have one', async (t) => {
  const { stalled, pass } = setUp(t)
  stalled.watch(() => new Promise(() => undefined))
  t.equal(await stalled.watch(async () => 'later'), 'later')
  pass(60_000)
  t.equal(await stalled.watch(async () => 'again'), 'again')
})

t.test('a failed command does not end the wait for earlier commands', async (t) => {
  const { stalled, pass } = setUp(t)
  stalled.watch(() => new Promise(() => undefined))
  await t.rejects(stalled.watch(() => Promise.reject(new Error('The client is offline'))))
  pass(10_001)
  await t.rejects(
    stalled.watch(async () => 'answer'),
    { message: /^Redis has not answered for 10 s/ }
  )
})
