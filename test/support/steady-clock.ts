/**
 * Lets the test move `performance.now()`, which goes on besides; `Date.now()` stays as it is.
 */
export function steadyClock(t: { teardown(fn: () => void): void }): { advance(seconds: number): void } {
  const real = performance.now.bind(performance)
  let ahead = 0
  performance.now = () => real() + ahead
  t.teardown(() => {
    performance.now = real
  })
  return {
    advance(seconds) {
      ahead += seconds * 1000
    }
  }
}
