import t from 'tap'
import { callInside, isInside } from '../../../lib/lifecycle/order/update-function.ts'

const pause = () => new Promise((resolve) => setImmediate(resolve))

t.test('inside is whatever the function calls, also behind an await, and nothing else', async (t) => {
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
  t.equal(isInside(owner), false, 'not who has started it')
  await pause()
  t.equal(isInside(owner), false)
  t.equal(await running, 'result')
  t.same(seen, [true, true, true])
  t.equal(isInside(owner), false)
  t.equal(await callInside(owner, 5, () => isInside(owner)), true, 'of a synchronous function')
})

t.test('a function inside another one is inside of both', async (t) => {
  const [outer, inner] = [{}, {}]
  await callInside(outer, 5, () =>
    callInside(inner, 5, async () => {
      await pause()
      t.same([isInside(outer), isInside(inner)], [true, true])
    })
  )
})

t.test('what a function has started and left behind is not inside any more', async (t) => {
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
  t.equal(whileOther, false, 'also while another one runs')
})

t.test('what a function throws is thrown on', async (t) => {
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

t.test('a function that does not answer has the time of a store', async (t) => {
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
  t.equal(later?.(), false, 'and is not inside any more')
})
