import t from 'tap'
import {
  cookieMaxAge,
  hasEnded,
  isAhead,
  isRaised,
  lifetimeOf,
  needsRenewal,
  notAhead,
  remainingSeconds,
  secondsLeft,
  storeTtl,
  type Times
} from '../../lib/record/expiry.ts'

const session = { lifetime: 0, rolling: false, every: 0, absoluteLifetime: undefined }
const ending = { lifetime: 0, rolling: false, every: 0, absoluteLifetime: 100 }
const fixed = { lifetime: 60, rolling: false, every: 0, absoluteLifetime: undefined }
const rolling = { lifetime: 60, rolling: true, every: 0, absoluteLifetime: undefined }
const bounded = { lifetime: 60, rolling: true, every: 0, absoluteLifetime: 100 }

/** The times of a session that was created at 1000. */
const times = (more: Partial<Times> = {}): Times => ({ lifetime: 60, created: 1000, last_access: 1000, ...more })
const limited = (lifetime: number, from = 1000) => times({ limit: { lifetime, from } })

t.test('a fixed session ends when its lifetime since its creation is over', async (t) => {
  t.equal(secondsLeft(fixed, times(), 1000), 60)
  t.equal(secondsLeft(fixed, times(), 1059.5), 0.5)
  t.equal(secondsLeft(fixed, times(), 1060), 0)
  t.equal(secondsLeft(fixed, times(), 1070), -10)
})

t.test('a rolling session always has its whole lifetime left, within absoluteLifetime', async (t) => {
  t.equal(secondsLeft(rolling, times(), 900_000), 60)
  t.equal(secondsLeft(bounded, times(), 1010), 60)
  t.equal(secondsLeft(bounded, times(), 1090), 10)
  t.equal(secondsLeft(bounded, times(), 1100), 0)
})

t.test('a session with lifetime 0 has no end on the server', async (t) => {
  t.equal(secondsLeft(session, times(), 9e9), Number.POSITIVE_INFINITY)
  t.equal(storeTtl(session, times(), 9e9), 0)
  t.equal(remainingSeconds(session, times(), 9e9), undefined)
  t.equal(cookieMaxAge(session, times(), 1000, 5), undefined)
})

t.test('with lifetime 0 and absoluteLifetime, only the server ends the session', async (t) => {
  t.equal(storeTtl(ending, times(), 1040), 60)
  t.equal(storeTtl(ending, times(), 1100), null)
  t.equal(remainingSeconds(ending, times(), 1040), 60)
  t.equal(hasEnded(ending, times(), 1099), false)
  t.equal(hasEnded(ending, times(), 1100), true)
  t.equal(cookieMaxAge(ending, times(), 1040, undefined), undefined)
  t.equal(lifetimeOf(ending, times()), 0)
})

t.test('the ttl has a fraction, and remainingSeconds and Max-Age are rounded up', async (t) => {
  t.equal(storeTtl(fixed, times(), 1000.25), 59.75)
  t.equal(storeTtl(fixed, times(), 1060), null)
  t.equal(remainingSeconds(fixed, times(), 1000.25), 60)
  t.equal(remainingSeconds(fixed, times(), 2000), 0)
  t.equal(cookieMaxAge(fixed, times(), 1000.25, undefined), 60)
})

t.test('options({ maxAge }) only shortens the cookie, and Max-Age is at least 1', async (t) => {
  t.equal(cookieMaxAge(fixed, times(), 1000, 10), 10)
  t.equal(cookieMaxAge(fixed, times(), 1000, 600), 60)
  t.equal(cookieMaxAge(fixed, times(), 1000, null), undefined)
  t.equal(cookieMaxAge(fixed, times(), 2000, undefined), 1)
})

t.test('options({ lifetime }) ends a session that long after the call, within the configured lifetime', async (t) => {
  t.equal(secondsLeft(fixed, limited(10), 1000), 10)
  t.equal(secondsLeft(fixed, limited(10, 1030), 1030), 10)
  t.equal(secondsLeft(fixed, limited(10, 1055), 1055), 5)
  t.equal(secondsLeft(fixed, limited(9e9), 1000), 60)
  t.equal(cookieMaxAge(fixed, limited(10), 1000, undefined), 10)
  t.equal(lifetimeOf(fixed, limited(10)), 10)
  t.equal(lifetimeOf(fixed, limited(9e9)), 60)
})

t.test('with lifetime 0, options({ lifetime }) ends the session on the server', async (t) => {
  t.equal(storeTtl(session, limited(10), 1004), 6)
  t.equal(hasEnded(session, limited(10), 1010), true)
  t.equal(remainingSeconds(ending, limited(10), 1000), 10)
  t.equal(remainingSeconds(ending, limited(10, 1095), 1095), 5)
  t.equal(cookieMaxAge(session, limited(10), 1000, undefined), undefined)
  t.equal(lifetimeOf(session, limited(10)), 10)
})

t.test('in a rolling session, options({ lifetime }) limits the time since the last write', async (t) => {
  const active = times({ last_access: 1500, limit: { lifetime: 10, from: 1000 } })
  t.equal(secondsLeft(rolling, active, 1509), 10)
  t.equal(hasEnded(rolling, active, 1509.9), false)
  t.equal(hasEnded(rolling, active, 1510), true)
  t.equal(hasEnded(rolling, times({ last_access: 1500 }), 9e9), false, 'without a limit the store decides')
  t.equal(needsRenewal(rolling, active, 1500), true)
  t.equal(needsRenewal(fixed, limited(10), 1500), false)
})

t.test('a limit on a prototype does not count', async (t) => {
  const inherited: Times = Object.assign(Object.create({ limit: { lifetime: 1, from: 0 } }), times())
  t.equal(secondsLeft(fixed, inherited, 1000), 60)
})

t.test('a lifetime is raised when the record was written under a shorter one', async (t) => {
  t.equal(isRaised(fixed, times({ lifetime: 59 })), true)
  t.equal(isRaised(fixed, times({ lifetime: 60 })), false)
  t.equal(isRaised(fixed, times({ lifetime: 61 })), false)
  t.equal(
    isRaised(fixed, times({ lifetime: 0 })),
    false,
    'lifetime 0 means that there was no end, or that it is unknown'
  )
  t.equal(isRaised(fixed, times({ lifetime: '1' as unknown as number })), false)
  t.equal(isRaised(session, times({ lifetime: 60 })), true, 'lifetime 0 counts as longer than any number')
  t.equal(isRaised(session, times({ lifetime: 0 })), false)
  t.equal(needsRenewal(rolling, times({ lifetime: 59 }), 1500), true)
})

t.test('a time in the future counts as now', async (t) => {
  const past = times({ limit: { lifetime: 10, from: 1000 } })
  t.equal(notAhead(fixed, past, 1000), past, 'a record without such a time is not copied')
  t.equal(isAhead(past, 1000), false)
  t.same(notAhead(fixed, times({ created: 1001 }), 1000), times({ created: 1000 }))
  t.same(notAhead(fixed, times({ last_access: 2000 }), 1000), times({ last_access: 1000 }))
  const ahead = times({ limit: { lifetime: 10, from: 1001 } })
  t.equal(isAhead(ahead, 1000), true)
  t.same(notAhead(fixed, ahead, 1000), past)
})

t.test('with `every`, a session with a time in the future is due, and no clock lengthens its life', async (t) => {
  const every = { lifetime: 60, rolling: true, every: 20, absoluteLifetime: undefined }
  const seen = notAhead(every, times({ last_access: 2000 }), 1000)
  t.same(seen, times({ last_access: 980 }))
  t.equal(needsRenewal(every, seen, 1000), true)
  t.equal(secondsLeft(every, times({ last_access: 2000 }), 1000), 60)
  const own = notAhead(every, times({ last_access: 2000, limit: { lifetime: 10, from: 990 } }), 1000)
  t.equal(own.last_access, 995)
  t.equal(hasEnded(every, own, 1000), false)
})
