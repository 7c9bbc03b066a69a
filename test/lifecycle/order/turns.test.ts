import t, { type Test } from 'tap'
import { type Turn, Turns } from '../../../lib/lifecycle/order/turns.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

t.test('tasks of one key run in their order, and tasks of other keys do not wait', async (t) => {
  const turns = new Turns<string>()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`${name} begins`)
    await tick()
    log.push(`${name} ends`)
  }
  await Promise.all([turns.run('a', task('a1')), turns.run('a', task('a2')), turns.run('b', task('b1'))])
  t.same(
    log,
    ['a1 begins', 'b1 begins', 'a1 ends', 'a2 begins', 'b1 ends', 'a2 ends'].sort(
      (x, y) => log.indexOf(x) - log.indexOf(y)
    )
  )
  t.ok(log.indexOf('a1 ends') < log.indexOf('a2 begins'))
  t.ok(log.indexOf('b1 begins') < log.indexOf('a1 ends'))
  t.equal(turns.size, 0, 'nothing is kept')
})

t.test('each task leaves a hint for the next task, if there is one', async (t) => {
  const turns = new Turns<string>()
  const seen: unknown[] = []
  const task = (left: string) => async (turn: Turn<string>) => {
    seen.push([turn.waited, turn.hint])
    await tick()
    turn.hintForNext = left
  }
  await Promise.all([turns.run('a', task('one')), turns.run('a', task('two'))])
  await turns.run('a', task('three'))
  t.same(seen, [
    [false, undefined],
    [true, 'one'],
    [false, undefined]
  ])
})

t.test('a failed task does not stop the tasks after it', async (t) => {
  const turns = new Turns<string>()
  const failing = turns.run('a', async () => {
    await tick()
    throw new Error('down')
  })
  const after = turns.run('a', async () => 'fine')
  await t.rejects(failing, /down/)
  t.equal(await after, 'fine')
})

t.test('the first task runs in the same tick', async (t) => {
  let ran = false
  const done = new Turns().run('a', async () => {
    ran = true
  })
  t.equal(ran, true)
  await done
})

/** A clock that the test moves by hand. */
function fakeTimeouts(t: Test) {
  const { setTimeout, clearTimeout } = globalThis
  let now = 0
  const timers = new Map<object, { due: number; fire: () => void }>()
  let withRef = 0
  t.teardown(() => Object.assign(globalThis, { setTimeout, clearTimeout }))
  Object.assign(globalThis, {
    setTimeout(fire: () => void, delay: number) {
      const timer = {
        refresh() {
          timers.set(timer, { due: now + delay, fire })
          return timer
        },
        unref() {
          withRef--
          return timer
        }
      }
      withRef++
      return timer.refresh()
    },
    clearTimeout: (timer: object) => timers.delete(timer)
  })
  return {
    /** The number of timers. `withRef` is the number of timers that keep the process alive. */
    get armed() {
      return timers.size
    },
    get withRef() {
      return withRef
    },
    async advance(milliseconds: number) {
      for (const end = now + milliseconds; now < end; ) {
        now++
        for (const [timer, { due, fire }] of timers) {
          if (due > now) continue
          timers.delete(timer)
          fire()
        }
        await Promise.resolve()
      }
      await tick()
    },
    /** Moves the clock as after a blocked event loop, when each timer that is due fires once. */
    async block(milliseconds: number) {
      now += milliseconds
      for (const [timer, { due, fire }] of [...timers]) {
        if (due > now) continue
        timers.delete(timer)
        fire()
      }
    }
  }
}

/** Tasks of one key that the test ends by hand. */
function heldTasks(count: number, late?: () => Error) {
  const turns = new Turns<number>()
  const running: { index: number; hint: number | undefined; end(): void; fail(): void }[] = []
  let most = 0
  const start = (index: number) =>
    turns.run(
      'a',
      (turn) => {
        const { promise, resolve, reject } = withResolvers()
        const leave = () => {
          turn.hintForNext = index
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
      },
      late
    )
  const settled = Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)))
  const indexes = () => running.map(({ index }) => index)
  return { turns, running, indexes, settled, most: () => most, start }
}

function withResolvers() {
  let resolve = () => {}
  let reject = (_: Error) => {}
  const promise = new Promise<void>((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve: () => resolve(), reject: (error: Error) => reject(error) }
}

t.test('while tasks keep finishing, none starts before its turn', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, settled, most } = heldTasks(20)
  for (let index = 0; index < 20; index++) {
    await clock.advance(490)
    t.same(
      running.map((task) => [task.index, task.hint]),
      [[index, index === 0 ? undefined : index - 1]]
    )
    running[0]!.end()
    await tick()
  }
  await settled
  t.equal(most(), 1)
  t.same([turns.size, clock.armed], [0, 0], 'nothing is kept')
})

t.test('timers of waiting tasks do not keep the process alive, and other tasks have no timer', async (t) => {
  const clock = fakeTimeouts(t)
  const { running, settled, indexes } = heldTasks(3)
  t.same([clock.armed, clock.withRef], [2, 0])
  running[0]!.end()
  await tick()
  t.same(indexes(), [1])
  t.equal(clock.armed, 1)
  running[0]!.end()
  await tick()
  t.equal(clock.armed, 0)
  await clock.advance(100_000)
  running[0]!.end()
  await settled
  t.equal(clock.armed, 0)
})

t.test('after a second the next task overtakes a slow one, and the others follow it', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, indexes, settled, most } = heldTasks(10)
  const [slow] = running
  await clock.advance(999)
  t.same(indexes(), [0])
  await clock.advance(1)
  t.same(indexes(), [0, 1])
  for (let index = 1; index < 10; index++) {
    t.same(indexes(), [0, index])
    t.equal(running[1]!.hint, index === 1 ? undefined : index - 1)
    running[1]!.end()
    await tick()
  }
  t.same([turns.size, clock.armed], [0, 0], 'nothing is kept in memory, not even for the slow task')
  slow!.end()
  await settled
  t.equal(most(), 2)
  t.equal(turns.size, 0)
})

t.test('while no task succeeds, each waits for about a second, and they start at different times', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, settled, most } = heldTasks(2_001)
  let before = 1
  for (let step = 0; step < 1_010; step++) {
    await clock.advance(2)
    t.ok(running.length - before <= 4, `${running.length - before} began within 2 ms`)
    before = running.length
  }
  t.equal(most(), 2_001, 'after two seconds all tasks have started')
  t.equal(clock.armed, 0)
  for (const task of [...running]) task.fail()
  await settled
  t.same([turns.size, clock.armed], [0, 0])
})

t.test('a failure starts the next task, but does not count as progress', async (t) => {
  const clock = fakeTimeouts(t)
  const { running, settled, indexes } = heldTasks(4)
  await clock.advance(900)
  running[0]!.fail()
  await tick()
  t.same(indexes(), [1])
  await clock.advance(150)
  t.same(indexes(), [1, 2, 3])
  for (const task of [...running]) task.fail()
  t.equal((await settled).filter(({ status }) => status === 'rejected').length, 4)
  t.equal(clock.armed, 0)
})

t.test('a task that was overtaken does not delay later tasks, and its end does not disturb them', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, indexes, settled, start } = heldTasks(2)
  await clock.advance(1_000)
  running[1]!.end()
  await tick()
  t.same(indexes(), [0])
  const [first, second] = [start(10), start(11)]
  t.same(indexes(), [0, 10], 'the new task starts at once')
  running[0]!.end()
  await settled
  await tick()
  t.same(indexes(), [10])
  t.equal(turns.size, 1)
  running[0]!.end()
  await tick()
  t.same(indexes(), [11])
  running[0]!.end()
  await Promise.all([first, second])
  t.same([turns.size, clock.armed], [0, 0])
})

t.test('a blocked event loop is not mistaken for a task that hangs', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, indexes, settled, most } = heldTasks(5)
  for (let index = 0; index < 4; index++) {
    // The timer fires first, and the task that had ended long before is noticed only then.
    await clock.block(10_000)
    running[0]!.end()
    await tick()
    t.same(indexes(), [index + 1])
  }
  running[0]!.end()
  await settled
  t.equal(most(), 1)
  t.same([turns.size, clock.armed], [0, 0])
})

t.test('no task waits much longer than half a minute, even if others keep finishing', async (t) => {
  const clock = fakeTimeouts(t)
  const { running, indexes, settled } = heldTasks(600)
  for (let step = 0; step < 59; step++) {
    await clock.advance(500)
    running.at(-1)!.end()
    await tick()
    t.same(indexes(), [step + 1])
  }
  await clock.advance(1_500)
  t.same(indexes().length, 541)
  for (const task of [...running]) task.end()
  await settled
  t.equal(clock.armed, 0)
})

t.test('a task that must not run beside others fails after waiting for half a minute', async (t) => {
  const clock = fakeTimeouts(t)
  const { turns, running, indexes, settled } = heldTasks(3, () => new Error('too late'))
  await clock.advance(20_000)
  t.same(indexes(), [0])
  running[0]!.end()
  await tick()
  t.same(indexes(), [1])
  await clock.advance(20_000)
  t.same(indexes(), [1])
  running[0]!.end()
  t.same(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected']
  )
  t.same([turns.size, clock.armed], [0, 0])
})

t.test('a task that never ends delays the next task for a second', async (t) => {
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const turns = new Turns<string>()
  let end: (value: unknown) => void = () => undefined
  const stuck = turns.run('a', () => new Promise((resolve) => (end = resolve)))
  t.equal(await turns.run('a', async ({ hint }) => hint ?? 'went ahead'), 'went ahead')
  end(undefined)
  await stuck
})

t.test('100,000 tasks of one key take less than 5 seconds of CPU', async (t) => {
  const turns = new Turns<number>()
  let count = 0
  const began = process.cpuUsage()
  await Promise.all(Array.from({ length: 100_000 }, () => turns.run('a', async () => void count++)))
  const { user, system } = process.cpuUsage(began)
  t.equal(count, 100_000)
  t.equal(turns.size, 0)
  t.ok(user + system < 5e6, `${(user + system) / 1e6} s of CPU`)
})

t.test('a task that ends at once has its result at once, and nothing is kept', async (t) => {
  const turns = new Turns<string>()
  t.equal(
    turns.run('a', () => 1),
    1
  )
  t.throws(
    () =>
      turns.run('a', () => {
        throw new Error('at once')
      }),
    /at once/
  )
  t.equal(turns.size, 0)
  t.equal(
    turns.run('a', ({ waited }) => waited),
    false,
    'the next task does not wait'
  )
})

t.test('a waiting task that ends or throws at once starts the next one, and leaves its hint', async (t) => {
  const turns = new Turns<string>()
  const first = turns.run('a', async () => tick())
  const failing = turns.run('a', (turn) => {
    turn.hintForNext = 'of the failed one'
    throw new Error('at once')
  })
  const second = turns.run('a', (turn) => {
    const { hint } = turn
    turn.hintForNext = 'of the second'
    return hint
  })
  const third = turns.run('a', ({ waited, hint }) => [waited, hint])
  await first
  await t.rejects(async () => failing, /at once/)
  t.equal(await second, 'of the failed one')
  t.same(await third, [true, 'of the second'])
  t.equal(turns.size, 0)
})
