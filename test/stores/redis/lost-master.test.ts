import t, { type Test } from 'tap'
import { LostMaster } from '../../../lib/stores/redis/lost-master.ts'

const OFFLINE = new Error('The client is offline')
const fails = () => Promise.reject(OFFLINE)
const never = () => new Promise<never>(() => undefined)

/** A cluster that notes the commands for any node, and a clock that the test moves by hand. */
function setUp(t: Test) {
  let now = 10_000
  t.intercept(performance, 'now', { value: () => now })
  const master = { client: { isReady: true } }
  const asked: unknown[] = []
  const lostMaster = new LostMaster({
    isOpen: true,
    connect: async () => undefined,
    withTypeMapping: () => undefined,
    getSlotRandomNode: () => undefined,
    // A node that was not needed yet has no connection.
    masters: [{ client: { isReady: true } }, { client: undefined }, master],
    sendCommand: async (...args) => {
      asked.push(args)
      throw OFFLINE
    }
  })
  return {
    lostMaster,
    asked,
    goAway: () => {
      master.client.isReady = false
    },
    pass: (milliseconds: number) => {
      now += milliseconds
    }
  }
}

t.test('the result or error of a command is returned unchanged', async (t) => {
  const { lostMaster, asked, pass } = setUp(t)
  t.equal(await lostMaster.watch('a', async () => 'answer'), 'answer')
  await t.rejects(
    lostMaster.watch('a', () => Promise.reject(new Error('OOM'))),
    { message: 'OOM' }
  )
  pass(60_000)
  t.equal(await lostMaster.watch('a', async () => 'answer'), 'answer')
  t.same(asked, [], 'while commands succeed, no other node is asked')
})

t.test('after a command fails, another node is asked for its key, at most twice a second', async (t) => {
  const { lostMaster, asked, goAway, pass } = setUp(t)
  goAway()
  await t.rejects(lostMaster.watch('a', fails), OFFLINE)
  t.same(asked, [[undefined, false, ['GET', 'a']]])
  pass(499)
  await t.rejects(lostMaster.watch('b', fails), OFFLINE)
  t.equal(asked.length, 1)
  pass(1)
  await t.rejects(lostMaster.watch('c', fails), OFFLINE)
  t.same(asked.slice(1), [[undefined, false, ['GET', 'c']]])
})

t.test('while a command has had no answer for a second, the next command asks another node for its key', async (t) => {
  const { lostMaster, asked, pass } = setUp(t)
  lostMaster.watch('hangs', never)
  pass(1_000)
  await lostMaster.watch('b', async () => undefined)
  t.same(asked, [])
  pass(1)
  await lostMaster.watch('c', async () => undefined)
  t.same(asked, [[undefined, false, ['GET', 'hangs']]])
  pass(500)
  await lostMaster.watch('d', async () => undefined)
  t.equal(asked.length, 2, 'a further command asks again, until there is an answer')
})
