export interface FakeClock {
  /** @param seconds may have a fraction and may be negative */
  advance(seconds: number): void
  /** @param seconds Unix time */
  set(seconds: number): void
}

/**
 * Stops `Date.now` until the test ends. Timers are not changed.
 * @param startSeconds Unix time in seconds. The default is 1700000000, the time of most test vectors.
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
