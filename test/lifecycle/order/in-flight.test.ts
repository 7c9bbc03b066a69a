import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { InFlight } from '../../../lib/lifecycle/order/in-flight.ts'

t.test('without running operations there is nothing to wait for', async (t) => {
  t.equal(await new InFlight().ended(60), 0)
})

t.test('the wait includes operations that fail, but not operations that start later', async (t) => {
  const inFlight = new InFlight()
  const ends: (() => void)[] = []
  const operation = (ending: 'well' | 'badly') =>
    new Promise<void>((resolve, reject) => {
      ends.push(() => (ending === 'well' ? resolve() : reject(new Error('down'))))
    })
  const over: string[] = []
  void inFlight.add(operation('well'), () => over.push('first'))
  void inFlight.add(operation('badly'), () => over.push('second'))
  let ended = false
  const waiting = inFlight.ended(60).then(() => {
    ended = true
  })
  void inFlight.add(operation('well'), () => undefined)
  ends[0]!()
  await turn()
  t.equal(ended, false)
  t.same(over, ['first'])
  ends[1]!()
  await waiting
  t.same(over, ['first', 'second'])
  ends[2]!()
  t.equal(await inFlight.ended(60), 0)
})

t.test('the wait ends after its limit, and the number of unfinished operations is reported once', async (t) => {
  const inFlight = new InFlight()
  const never = new Promise(() => undefined)
  void inFlight.add(never, () => undefined)
  void inFlight.add(never, () => undefined)
  void inFlight.add(Promise.resolve(), () => undefined)
  t.equal(await inFlight.ended(0.02), 2)
  t.equal(await inFlight.ended(60), 0)
})
