import t, { type Test } from 'tap'
import { LostMaster } from '../../../lib/stores/redis/lost-master.ts'

const OFFLINE = new Error('The client is offline')
const fails = () => Promise.reject(OFFLINE)
const never = () => new Promise<never>(() => undefined)

/** A cluster that notes what is asked of any node, and time that passes when the test says so. */
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
    // One that was not needed yet has no connection.
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

t.test('what a command comes to is handed on as it is', async (t) => {
  const { lostMaster, asked, pass } = setUp(t)
  t.equal(await lostMaster.watch('a', async () => 'answer'), 'answer')
  await t.rejects(
    lostMaster.watch('a', () => Promise.reject(new Error('OOM'))),
    { message: 'OOM' }
  )
  pass(60_000)
  t.equal(await lostMaster.watch('a', async () => 'answer'), 'answer')
  t.same(asked, [], 'while all is well nobody else is asked')
})

t.test('a command fails while a master is away: any node is asked for its key, twice a second at most', async (t) => {
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

t.test('a command is not answered for more than a second: who comes next asks any node for its key', async (t) => {
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
  t.equal(asked.length, 2, 'and again, until it is answered')
})
