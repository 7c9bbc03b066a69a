import t from 'tap'
import { toSeconds } from '../../lib/checks/duration.ts'
import type { Duration } from '../../types/options.ts'

t.test('a duration is a number of seconds, or the sum of its parts', async (t) => {
  t.equal(toSeconds('option "lifetime"', 90), 90)
  t.equal(toSeconds('option "lifetime"', 0), 0)
  t.equal(toSeconds('option "lifetime"', { weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1 }), 694_861)
  t.equal(toSeconds('option "lifetime"', { minutes: 0.5 }), 30)
})

t.test('a Temporal.Duration is accepted, although its parts are getters on its prototype', async (t) => {
  class TemporalDuration {
    get years() {
      return 0
    }
    get days() {
      return 2
    }
    get milliseconds() {
      return 0
    }
  }
  t.equal(toSeconds('option "lifetime"', new TemporalDuration()), 172_800)
})

t.test('a property on Object.prototype is not a part', async (t) => {
  for (const name of ['days', 'seconds', 'years', 'nanoseconds']) {
    Object.defineProperty(Object.prototype, name, { value: 5, configurable: true, enumerable: true })
    try {
      t.equal(toSeconds('option "lifetime"', { minutes: 1 }), 60, name)
      t.throws(() => toSeconds('option "lifetime"', {}), { message: /has no part/ })
    } finally {
      Reflect.deleteProperty(Object.prototype, name)
    }
  }
})

t.test('anything but a whole number of seconds is refused, and the message names the option', async (t) => {
  const refused: [unknown, RegExp][] = [
    [-1, /"lifetime" must not be negative/],
    [{ days: -1 }, /"lifetime" must not be negative/],
    [1.5, /"lifetime" must be a whole number of seconds, or \{ weeks, .* \}, but is 1\.5$/],
    [null, /"lifetime" must be a whole number/],
    [[], /"lifetime" has no part/],
    [Number.NaN, /"lifetime" must be a whole number/],
    [Number.POSITIVE_INFINITY, /"lifetime" must be a whole number/],
    ['60', /"lifetime" must be a whole number .*, but is of type string$/],
    [{ months: 1 }, /"lifetime" must not have months/],
    [{ milliseconds: 5 }, /"lifetime" must not have milliseconds/],
    [{ day: 1 }, /"lifetime" has an unknown part "day"/],
    [{ days: '1' }, /"lifetime": days must be a number/],
    [{ days: null }, /"lifetime": days must be a number/],
    [{ days: undefined }, /"lifetime" has no part: use a whole number of seconds, or \{ weeks, days/],
    [{}, /"lifetime" has no part/],
    [new Date(0), /"lifetime" has no part/],
    [new Map([['days', 1]]), /"lifetime" has no part/]
  ]
  for (const [value, message] of refused) {
    t.throws(() => toSeconds('option "lifetime"', value as Duration), { code: 'FST_SESSION_OPTIONS', message })
  }
})

t.test('a lifetime above 400 days is refused, because it is probably in milliseconds', async (t) => {
  t.equal(toSeconds('option "lifetime"', { days: 400 }), 34_560_000)
  const refused: [Duration, string][] = [
    [34_560_001, '34560001 seconds'],
    [{ days: 401 }, '34646400 seconds'],
    [1_209_600_000, '1209600000 seconds']
  ]
  for (const [value, is] of refused) {
    t.throws(() => toSeconds('option "lifetime"', value), {
      code: 'FST_SESSION_OPTIONS',
      message: new RegExp(
        `^option "lifetime" is ${is}, but must be at most 400 days, as long as browsers keep a cookie`
      )
    })
  }
  const hint = (value: Duration) => {
    try {
      return toSeconds('it', value)
    } catch (error) {
      return (error as Error).message.replace(/^.*cookie/, '')
    }
  }
  t.equal(hint(1_209_600_000), ': did you mean milliseconds? Durations are in seconds, so write 1209600')
  t.equal(
    hint(1_800_000_000_000),
    ': did you mean milliseconds? Durations are in seconds',
    'a value that is a date gets no suggestion'
  )
  t.equal(hint(34_560_001), ': did you mean milliseconds? Durations are in seconds')
  t.equal(hint({ weeks: 100 }), '')
})
