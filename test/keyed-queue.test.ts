import t from 'tap'
import { KeyedQueue } from '../lib/keyed-queue.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

t.test('tasks of one key take turns, in their order; others do not wait', async (t) => {
  const queue = new KeyedQueue<string>()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`${name} begins`)
    await tick()
    log.push(`${name} ends`)
  }
  await Promise.all([queue.run('a', task('a1')), queue.run('a', task('a2')), queue.run('b', task('b1'))])
  t.same(
    log,
    ['a1 begins', 'b1 begins', 'a1 ends', 'a2 begins', 'b1 ends', 'a2 ends'].sort(
      (x, y) => log.indexOf(x) - log.indexOf(y)
    )
  )
  t.ok(log.indexOf('a1 ends') < log.indexOf('a2 begins'))
  t.ok(log.indexOf('b1 begins') < log.indexOf('a1 ends'))
  t.equal(queue.size, 0, 'nothing is kept')
})

t.test('each hands the next one what it leaves, while there is a next one', async (t) => {
  const queue = new KeyedQueue<string>()
  const seen: unknown[] = []
  const task =
    (left: string) => async (turn: { hint: string | undefined; waited: boolean; left: string | undefined }) => {
      seen.push([turn.waited, turn.hint])
      await tick()
      turn.left = left
    }
  await Promise.all([queue.run('a', task('one')), queue.run('a', task('two'))])
  await queue.run('a', task('three'))
  t.same(seen, [
    [false, undefined],
    [true, 'one'],
    [false, undefined]
  ])
})

t.test('a task that fails holds up nobody', async (t) => {
  const queue = new KeyedQueue<string>()
  const failing = queue.run('a', async () => {
    await tick()
    throw new Error('down')
  })
  const after = queue.run('a', async () => 'fine')
  await t.rejects(failing, /down/)
  t.equal(await after, 'fine')
})

t.test('the first one runs in the same tick', async (t) => {
  let ran = false
  const done = new KeyedQueue().run('a', async () => {
    ran = true
  })
  t.equal(ran, true)
  await done
})

t.test('a task that never ends holds up the next one for a second', async (t) => {
  const queue = new KeyedQueue<string>()
  let end: (value: unknown) => void = () => undefined
  const stuck = queue.run('a', () => new Promise((resolve) => (end = resolve)))
  t.equal(await queue.run('a', async ({ hint }) => hint ?? 'went ahead'), 'went ahead')
  end(undefined)
  await stuck
})

t.test('10,000 tasks of one key are no burden', async (t) => {
  const queue = new KeyedQueue<number>()
  let count = 0
  await Promise.all(Array.from({ length: 10_000 }, () => queue.run('a', async () => void count++)))
  t.equal(count, 10_000)
  t.equal(queue.size, 0)
})
