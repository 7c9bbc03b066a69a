/** Lets a test move `performance.now()` forward. It also advances by itself, and `Date.now()` is not changed. */
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
