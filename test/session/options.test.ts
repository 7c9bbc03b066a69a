import t from 'tap'
import { askedOptions, askedSince, withOptions } from '../../lib/session/options.ts'
import type { SessionCookieOptions } from '../../types/session.ts'

const ask = (options: unknown) => askedOptions(options as SessionCookieOptions)

t.test('options that are missing, undefined, inherited or unknown are ignored', async (t) => {
  t.same(ask({}), { maxAge: undefined, lifetime: undefined })
  t.same(ask({ maxAge: undefined, lifetime: undefined, userInfo: 'x' }), { maxAge: undefined, lifetime: undefined })
  t.same(ask(Object.create({ maxAge: 1, lifetime: 1 })), { maxAge: undefined, lifetime: undefined })
})

t.test('lifetime is a duration, and maxAge is seconds or null', async (t) => {
  t.same(ask({ lifetime: 60, maxAge: null }), { maxAge: null, lifetime: 60 })
  t.same(ask({ lifetime: { hours: 8 }, maxAge: 10.9 }), { maxAge: 10, lifetime: 28_800 })
})

t.test('a value that cannot shorten the session is refused, with a remedy', async (t) => {
  const refused: [object, RegExp][] = [
    [{ lifetime: 0 }, /lifetime must be at least 1 second\. To end the session now, use `await session\.destroy\(\)`/],
    [{ lifetime: -5 }, /session\.options\(\): lifetime must not be negative/],
    [{ lifetime: null }, /session\.options\(\): lifetime must be a whole number of seconds, or \{ weeks/],
    [{ lifetime: '1h' }, /lifetime must be a whole number of seconds, .*, but is of type string$/],
    [{ maxAge: '60' }, /session\.options\(\): maxAge must be a number of seconds, or null, but is of type string$/],
    [{ maxAge: Number.NaN }, /maxAge must be a number of seconds, or null, but is NaN$/],
    [{ lifetime: 1.5 }, /lifetime must be a whole number of seconds/],
    [{ lifetime: Number.POSITIVE_INFINITY }, /lifetime must be a whole number of seconds/],
    [{ lifetime: { hour: 8 } }, /session\.options\(\): lifetime has an unknown part "hour"/],
    [{ lifetime: 86_400_000 }, /lifetime is 86400000 seconds, .*: did you mean milliseconds\? .* write 86400$/],
    [{ lifeTime: 60 }, /session\.options\(\): "lifeTime" is spelled "lifetime"/],
    [{ 'life-time': 60 }, /"life-time" is spelled "lifetime"/]
  ]
  for (const [options, message] of refused) t.throws(() => ask(options), { code: 'FST_SESSION_OPTIONS', message })
})

const METADATA = { lifetime: 100, created: 1, last_access: 1 }
const FIXED = { lifetime: 100, rolling: false, every: 0, absoluteLifetime: undefined }

t.test('an option that changes nothing leaves the metadata unchanged', async (t) => {
  const asked = withOptions(METADATA, ask({ maxAge: 10, lifetime: 50 }), FIXED, false)
  t.match(asked, { ...METADATA, cookie: { maxAge: 10 }, limit: { lifetime: 50 } })
  t.equal(withOptions(asked, ask({ maxAge: 10, lifetime: 50 }), FIXED, false), asked)
  t.equal(withOptions(METADATA, ask({}), FIXED, false), METADATA)
  t.equal(
    withOptions(METADATA, ask({ lifetime: 100 }), FIXED, false),
    METADATA,
    'it is not shorter than the configured lifetime'
  )
  t.not(withOptions(asked, ask({ lifetime: 50 }), FIXED, true), asked, 'with a new id the time starts again')
  t.same(withOptions(asked, ask({ lifetime: 200 }), FIXED, false), { ...METADATA, cookie: { maxAge: 10 } })
})

t.test('options of this request are distinguished from earlier options', async (t) => {
  const before = withOptions(METADATA, ask({ maxAge: 10, lifetime: 50 }), FIXED, false)
  t.same(askedSince(before, before), {})
  t.match(askedSince(before, undefined), { cookie: { maxAge: 10 }, limit: { lifetime: 50 } })
  t.same(askedSince(withOptions(before, ask({ maxAge: 5 }), FIXED, false), before), { cookie: { maxAge: 5 } })
})
