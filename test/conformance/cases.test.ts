import t from 'tap'
import { makeCase, within, withSubject } from '../../lib/conformance/cases.ts'
import { MapStore } from '../support/map-store.ts'

t.test('steps are repeated until they are fast enough', async (t) => {
  const { now } = performance
  t.teardown(() => {
    performance.now = now
  })
  let at = 0
  performance.now = () => at
  const durations = [400, 301, 299]
  let runs = 0
  const result = await within(0.3, async () => {
    at += durations[runs]!
    return ++runs
  })
  t.equal(result, 3)
})

t.test('a subject is closed after use, and the error of the use goes on', async (t) => {
  const calls: string[] = []
  const make = async () => ({ store: new MapStore(), close: async () => void calls.push('close') })
  const use = async () => {
    calls.push('use')
    throw new Error('in use')
  }
  await t.rejects(withSubject(make, use), { message: 'in use' })
  t.same(calls, ['use', 'close'])
})

t.test('a case gets text, time and a database to break', async (t) => {
  const store = new MapStore()
  await store.write('id', Buffer.from('Zoë'), 0, 0)
  const passed: number[] = []
  const subject = { store, advance: (seconds: number) => void passed.push(seconds), break: async () => () => undefined }
  const { title, run } = makeCase(
    async () => subject,
    'a title',
    async ({ text, pass, breakDown }) => {
      t.equal(await text('id', 60), 'Zoë')
      t.equal(await text('unknown', 60), null)
      await pass(7)
      t.type(await breakDown(), 'function')
    }
  )
  await run()
  t.equal(title, 'a title')
  t.same(passed, [7])
})
