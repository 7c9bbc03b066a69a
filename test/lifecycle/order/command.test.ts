import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Command } from '../../../lib/lifecycle/order/command.ts'

const ended = (value: string) => new Command<string>((resolve) => resolve(value))

t.test('a command counts as taken when somebody waits for it in any way', async (t) => {
  const ways: Record<string, (command: Command<string>) => unknown> = {
    await: async (command) => {
      await command
    },
    'return from an async function': async (command) => command,
    'Promise.all()': (command) => Promise.all([command]),
    'Promise.race()': (command) => Promise.race([command]),
    'Promise.allSettled()': (command) => Promise.allSettled([command]),
    'Promise.resolve()': (command) => Promise.resolve(command),
    'then()': (command) => command.then(() => undefined),
    'catch()': (command) => command.catch(() => undefined),
    'finally()': (command) => command.finally(() => undefined)
  }
  for (const [way, take] of Object.entries(ways)) {
    const command = ended('x')
    t.equal(command.isTaken, false)
    void take(command)
    await turn()
    t.equal(command.isTaken, true, way)
  }
})

t.test('a command works like any promise, and then() returns a promise', async (t) => {
  const command = ended('x')
  t.ok(command instanceof Promise)
  t.equal(await command, 'x')
  const next = command.then((value) => `${value}y`)
  t.equal(Object.getPrototypeOf(next), Promise.prototype)
  t.equal(await next, 'xy')
  t.same(await Promise.all([command, 'z']), ['x', 'z'])
  await t.rejects(new Command((_, reject) => reject(new Error('no'))), /no/)
})

const none = () => undefined

t.test('an observed command does not count as taken, and its failure is never unhandled', async (t) => {
  const unhandled: unknown[] = []
  const listener = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  const failures: unknown[] = []
  const failing = new Command((_, reject) => reject(new Error('no')))
  await failing.observe(none, (error) => failures.push(error))
  await ended('x').observe(none, (error) => failures.push(error))
  await turn()
  t.match(failures, [{ message: 'no' }])
  t.equal(failing.isTaken, false)
  t.same(unhandled, [])
})
