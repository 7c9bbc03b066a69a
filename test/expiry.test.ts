import t from 'tap'
import { cookieMaxAge, isFuture, remainingSeconds, secondsLeft, storeTtl } from '../lib/expiry.ts'

const session = { lifetime: 0, rolling: false, absoluteLifetime: undefined }
const fixed = { lifetime: 60, rolling: false, absoluteLifetime: undefined }
const rolling = { lifetime: 60, rolling: true, absoluteLifetime: undefined }
const bounded = { lifetime: 60, rolling: true, absoluteLifetime: 100 }

t.test('a fixed session ends its lifetime after it was created', async (t) => {
  t.equal(secondsLeft(fixed, 1000, 1000), 60)
  t.equal(secondsLeft(fixed, 1000, 1059.5), 0.5)
  t.equal(secondsLeft(fixed, 1000, 1060), 0)
  t.equal(secondsLeft(fixed, 1000, 1070), -10)
})

t.test('a rolling session has its whole lifetime left, up to the absolute one', async (t) => {
  t.equal(secondsLeft(rolling, 1000, 900_000), 60)
  t.equal(secondsLeft(bounded, 1000, 1010), 60)
  t.equal(secondsLeft(bounded, 1000, 1090), 10)
  t.equal(secondsLeft(bounded, 1000, 1100), 0)
})

t.test('a session with lifetime 0 has no end that the server knows', async (t) => {
  t.equal(secondsLeft(session, 1000, 9e9), Number.POSITIVE_INFINITY)
  t.equal(storeTtl(session, 1000, 9e9), 0)
  t.equal(remainingSeconds(session, 1000, 9e9), undefined)
  t.equal(cookieMaxAge(session, 1000, 1000, 5), undefined)
})

t.test('the ttl keeps its fraction; what is shown and sent is rounded up', async (t) => {
  t.equal(storeTtl(fixed, 1000, 1000.25), 59.75)
  t.equal(remainingSeconds(fixed, 1000, 1000.25), 60)
  t.equal(remainingSeconds(fixed, 1000, 2000), 0)
  t.equal(cookieMaxAge(fixed, 1000, 1000.25, undefined), 60)
})

t.test('options({ maxAge }) only shortens, and no Max-Age below 1 is sent', async (t) => {
  t.equal(cookieMaxAge(fixed, 1000, 1000, 10), 10)
  t.equal(cookieMaxAge(fixed, 1000, 1000, 600), 60)
  t.equal(cookieMaxAge(fixed, 1000, 1000, null), undefined)
  t.equal(cookieMaxAge(fixed, 1000, 2000, undefined), 1)
})

t.test('a time more than a minute ahead is from the future', async (t) => {
  t.equal(isFuture(1060, 1000), false)
  t.equal(isFuture(1060.1, 1000), true)
})
