import t, { type Test } from 'tap'
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

/** A clock that only moves when it is told to. */
function fakeTimeouts(t: Test) {
  const { setTimeout, clearTimeout } = globalThis
  let now = 0
  const timers = new Set<{ due: number; fire: () => void; refresh(): unknown }>()
  t.teardown(() => Object.assign(globalThis, { setTimeout, clearTimeout }))
  Object.assign(globalThis, {
    setTimeout(fire: () => void, delay: number) {
      const timer = {
        due: now + delay,
        fire,
        refresh() {
          timer.due = now + delay
          timers.add(timer)
          return timer
        }
      }
      return timer.refresh()
    },
    clearTimeout: (timer: never) => timers.delete(timer)
  })
  return {
    get armed() {
      return timers.size
    },
    async advance(milliseconds: number) {
      now += milliseconds
      for (const timer of timers) {
        if (timer.due > now) continue
        timers.delete(timer)
        timer.fire()
      }
      await tick()
    }
  }
}

/** Tasks of one key that end when they are told to. */
function heldTasks(count: number) {
  const queue = new KeyedQueue<number>()
  const running: { index: number; hint: number | undefined; end(): void; fail(): void }[] = []
  let most = 0
  const results = Array.from({ length: count }, (_, index) =>
    queue.run('a', (turn) => {
      const { promise, resolve, reject } = withResolvers()
      const leave = () => {
        turn.left = index
        running.splice(running.indexOf(task), 1)
      }
      const task = {
        index,
        hint: turn.hint,
        end() {
          leave()
          resolve()
        },
        fail() {
          leave()
          reject(new Error('down'))
        }
      }
      running.push(task)
      most = Math.max(most, running.length)
      return promise
    })
  )
  const settled = Promise.allSettled(results)
  return { queue, running, settled, most: () => most }
}

function withResolvers() {
  let resolve = () => {}
  let reject = (_: Error) => {}
  const promise = new Promise<void>((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve: () => resolve(), reject: (error: Error) => reject(error) }
}

t.test('a line that moves lets nobody past, however long it is', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled, most } = heldTasks(20)
  for (let index = 0; index < 20; index++) {
    await clock.advance(999)
    t.same(
      running.map((task) => [task.index, task.hint]),
      [[index, index === 0 ? undefined : index - 1]]
    )
    running[0]!.end()
    await tick()
  }
  await settled
  t.equal(most(), 1)
  t.same([queue.size, clock.armed], [0, 0], 'nothing is kept')
})

t.test('after a second the next one passes a task that is slow, and the others follow that one', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled, most } = heldTasks(10)
  const [slow] = running
  await clock.advance(999)
  t.equal(running.length, 1)
  await clock.advance(1)
  for (let index = 1; index < 10; index++) {
    t.same(
      running.map((task) => task.index),
      [0, index]
    )
    t.equal(running[1]!.hint, index === 1 ? undefined : index - 1)
    running[1]!.end()
    await tick()
  }
  t.same([queue.size, clock.armed], [0, 0], 'nothing is kept, not even for the slow one')
  slow!.end()
  await settled
  t.equal(most(), 2)
  t.equal(queue.size, 0)
})

t.test('while nothing ends, each second twice as many pass; failures are no progress', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled } = heldTasks(40)
  const widths: number[] = []
  for (let second = 0; second < 4; second++) {
    await clock.advance(1_000)
    widths.push(running.length)
  }
  t.same(widths, [2, 4, 8, 16])
  running[0]!.fail()
  await tick()
  t.equal(running.length, 15, 'nobody has waited for one that was passed')
  await clock.advance(1_000)
  t.equal(running.length, 31)
  running[0]!.end()
  await tick()
  await clock.advance(1_000)
  t.equal(running.length, 31, 'an end is: from here on it begins again with one')
  const newest = () => running.reduce((one, other) => (other.index > one.index ? other : one))
  for (let index = 32; index < 40; index++) {
    t.equal(newest().index, index, 'and the line is one')
    if (index % 2 === 0) newest().end()
    else newest().fail()
    await tick()
  }
  t.equal(running.length, 30)
  for (const task of [...running]) task.end()
  t.equal((await settled).filter(({ status }) => status === 'rejected').length, 5)
  t.same([queue.size, clock.armed], [0, 0])
})

t.test('a line that ends when patience is over, ends', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled } = heldTasks(2)
  const advanced = clock.advance(1_000)
  running[0]!.fail()
  await advanced
  t.same(
    running.map((task) => task.index),
    [1]
  )
  running[0]!.fail()
  await settled
  t.same([queue.size, clock.armed], [0, 0])
})

t.test('nobody waits for a task that was passed, nor does its end disturb those after it', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled } = heldTasks(2)
  await clock.advance(1_000)
  running[1]!.end()
  await tick()
  t.equal(running.length, 1)
  const seen: string[] = []
  let end = () => {}
  const first = queue.run('a', ({ waited }) => {
    seen.push(`first, ${waited ? 'after a wait' : 'at once'}`)
    return new Promise<void>((resolve) => (end = resolve))
  })
  const second = queue.run('a', async () => void seen.push('second'))
  running[0]!.end()
  await settled
  await tick()
  t.same(seen, ['first, at once'])
  t.equal(queue.size, 1)
  end()
  await Promise.all([first, second])
  t.same(seen, ['first, at once', 'second'])
  t.same([queue.size, clock.armed], [0, 0])
})

t.test('an event loop that was blocked is not taken for a task that hangs', async (t) => {
  const clock = fakeTimeouts(t)
  const { queue, running, settled, most } = heldTasks(5)
  for (let index = 0; index < 4; index++) {
    // The timer fires, and only then comes what had arrived long before.
    const advanced = clock.advance(1_500)
    running[0]!.end()
    await advanced
    await tick()
    t.same(
      running.map((task) => task.index),
      [index + 1]
    )
  }
  running[0]!.end()
  await settled
  t.equal(most(), 1)
  t.same([queue.size, clock.armed], [0, 0])
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
