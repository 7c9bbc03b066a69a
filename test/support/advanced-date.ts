/**
 * Lets the clock of this process go on while a test runs, and puts it forward. Timers are not changed.
 *
 * @returns a function that puts the clock forward by these seconds
 */
export function advancedDate(t: { teardown(fn: () => void): void }): (seconds: number) => void {
  const RealDate = Date
  let ahead = 0
  const now = () => RealDate.now() + ahead
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name))
  })
  t.teardown(() => {
    globalThis.Date = RealDate
  })
  return (seconds) => {
    ahead += seconds * 1000
  }
}
