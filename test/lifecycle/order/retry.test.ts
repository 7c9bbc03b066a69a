import t from 'tap'
import { retry } from '../../../lib/lifecycle/order/retry.ts'

t.test('attempts repeat until one succeeds, and their number is returned', async (t) => {
  let left = 3
  t.equal(await retry(async () => --left === 0), 3)
  t.equal(await retry(async () => true), 1)
})

t.test('after 12 failed attempts the error is a conflict', async (t) => {
  let attempts = 0
  const never = async () => {
    attempts++
    return false
  }
  await t.rejects(async () => retry(never), { code: 'FST_SESSION_CONFLICT', statusCode: 409 })
  t.equal(attempts, 12)
})

t.test('after an attempt that throws there are no more attempts', async (t) => {
  let attempts = 0
  const failing = async () => {
    attempts++
    throw new Error('down')
  }
  await t.rejects(async () => retry(failing), /down/)
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
