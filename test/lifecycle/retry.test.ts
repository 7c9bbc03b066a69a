import t from 'tap'
import { retry } from '../../lib/lifecycle/retry.ts'

t.test('it tries until it is done, and says how often', async (t) => {
  let left = 3
  t.equal(await retry(async () => --left === 0), 3)
  t.equal(await retry(async () => true), 1)
})

t.test('after 12 attempts it is a conflict', async (t) => {
  let attempts = 0
  const never = async () => {
    attempts++
    return false
  }
  await t.rejects(retry(never), { code: 'FST_SESSION_CONFLICT', statusCode: 409 })
  t.equal(attempts, 12)
})

t.test('an attempt that throws is the last one', async (t) => {
  let attempts = 0
  const failing = async () => {
    attempts++
    throw new Error('down')
  }
  await t.rejects(retry(failing), /down/)
  t.equal(attempts, 1)
})

t.test('the first attempt runs in the same tick', async (t) => {
  let ran = false
  const done = retry(async () => {
    ran = true
    return true
  })
  t.equal(ran, true)
  await done
})
