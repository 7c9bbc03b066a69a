export interface FakeClock {
  /** @param seconds may have a fraction, or be negative */
  advance(seconds: number): void
  /** @param seconds Unix time */
  set(seconds: number): void
}

/**
 * Stops `Date.now` until the test ends; timers go on as they are.
 * @param startSeconds Unix time, by default 1700000000 (the time of most vectors in the tests)
 */
export function fakeClock(t: { teardown(fn: () => void): void }, startSeconds = 1_700_000_000): FakeClock {
  const real = Date.now
  let milliseconds = startSeconds * 1000
  Date.now = () => Math.round(milliseconds)
  t.teardown(() => {
    Date.now = real
  })
  return {
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    set(seconds) {
      milliseconds = seconds * 1000
    }
  }
}
