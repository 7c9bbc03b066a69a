import t from 'tap'
import { callInside, isInside } from '../../../lib/lifecycle/order/update-function.ts'

const pause = () => new Promise((resolve) => setImmediate(resolve))

t.test('code that the function calls counts as inside, also after an await, and other code does not', async (t) => {
  const [owner, other] = [{}, {}]
  const seen: boolean[] = []
  t.equal(isInside(owner), false)
  const inside = async () => {
    seen.push(isInside(owner))
    await pause()
    await Promise.all([pause().then(() => seen.push(isInside(owner))), 1])
    seen.push(isInside(owner))
    t.equal(isInside(other), false)
    return 'result'
  }
  const running = callInside(owner, 5, inside)
  t.equal(isInside(owner), false, 'the caller is not inside')
  await pause()
  t.equal(isInside(owner), false)
  t.equal(await running, 'result')
  t.same(seen, [true, true, true])
  t.equal(isInside(owner), false)
  t.equal(await callInside(owner, 5, () => isInside(owner)), true, 'a synchronous function is inside')
})

t.test('a nested function is inside of both functions', async (t) => {
  const [outer, inner] = [{}, {}]
  await callInside(outer, 5, () =>
    callInside(inner, 5, async () => {
      await pause()
      t.same([isInside(outer), isInside(inner)], [true, true])
    })
  )
})

t.test('code that still runs after its function has ended is not inside any more', async (t) => {
  const owner = {}
  let late: Promise<boolean> | undefined
  let go = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  await callInside(owner, 5, () => {
    late = gate.then(() => isInside(owner))
  })
  go()
  t.equal(await late, false)
  let whileOther: boolean | undefined
  let proceed = () => {}
  const second = new Promise<void>((resolve) => (proceed = resolve))
  await callInside(owner, 5, () => void second.then(() => (whileOther = isInside(owner))))
  await callInside({}, 5, async () => {
    proceed()
    await pause()
  })
  t.equal(whileOther, false, 'it is not inside while another function runs')
})

t.test('an error of the function is thrown unchanged', async (t) => {
  const owner = {}
  const no = new Error('no')
  await t.rejects(
    callInside(owner, 5, () => {
      throw no
    }),
    no
  )
  await t.rejects(
    callInside(owner, 5, () => Promise.reject(no)),
    no
  )
  t.equal(isInside(owner), false)
})

t.test('a function that does not resolve fails after the store timeout', async (t) => {
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const owner = {}
  let later: (() => boolean) | undefined
  const never = callInside(owner, 0.05, () => {
    later = () => isInside(owner)
    return new Promise(() => undefined)
  })
  await t.rejects(never, {
    code: 'FST_SESSION_STORE',
    statusCode: 503,
    cause: { message: 'the function of session.update() gave no answer within 0.05 s (option "storeTimeout")' }
  })
  t.equal(later?.(), false, 'the function is not inside any more')
})
