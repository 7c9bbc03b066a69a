import t from 'tap'
import { gcSeconds, secondsToKeep } from '../../lib/stores/gc-ttl.ts'

t.test('gcTtl is in seconds, and a number of milliseconds is refused', async (t) => {
  t.equal(gcSeconds('Store', undefined, 7), 7)
  t.equal(gcSeconds('Store', 86_400, 7), 86_400)
  t.throws(() => gcSeconds('Store', 0, 7), { message: 'Store: gcTtl must be a positive integer' })
  t.throws(() => gcSeconds('Store', 86_400_000, 7), {
    code: 'FST_SESSION_OPTIONS',
    message:
      'Store: gcTtl is 86400000 seconds, but must be at most 400 days: did you mean milliseconds? Durations are in seconds, so write 86400'
  })
})

t.test('with lifetime 0 a store keeps a session for gcTtl, but not longer than its ttl', async (t) => {
  t.equal(secondsToKeep(60, 12.5, 100), 12.5)
  t.equal(secondsToKeep(60, 0, 100), 0)
  t.equal(secondsToKeep(0, 0, 100), 100)
  t.equal(secondsToKeep(0, 12.5, 100), 12.5)
  t.equal(secondsToKeep(0, 1_000, 100), 100)
})
