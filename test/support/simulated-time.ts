import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

interface Timer {
  due: number
  readonly delay: number
  readonly repeats: boolean
  readonly fire: () => void
}

export interface SimulatedTime {
  /** The number of timers that have not fired. */
  readonly armed: number
  /** The longest CPU time of one turn of the event loop, in milliseconds. */
  readonly longestTurn: number
  /** Lets time pass. Timers fire in the order of their times, and the event loop turns after each of them. */
  advance(seconds: number): Promise<void>
}

/** Replaces timers and `Date.now` until the test ends. So a test can wait for a minute without losing one. */
export function simulateTime(t: { teardown(fn: () => void): void }): SimulatedTime {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval }
  const realNow = Date.now
  const realDelay = timers.setTimeout
  const start = realNow()
  const armed = new Map<object, Timer>()
  let now = 0
  let longest = 0

  const arm = (fire: () => void, delay: number, repeats: boolean) => {
    const handle = {
      refresh() {
        armed.set(handle, { due: now + Math.max(1, delay), delay, repeats, fire })
        return handle
      },
      ref: () => handle,
      unref: () => handle,
      hasRef: () => false,
      [Symbol.toPrimitive]: () => 0
    }
    return handle.refresh()
  }
  const disarm = (handle: NodeJS.Timeout | undefined) => {
    if (handle === undefined || !armed.delete(handle)) real.clearTimeout(handle)
  }
  const later =
    (repeats: boolean) =>
    (callback: (...args: unknown[]) => void, delay = 1, ...args: unknown[]) =>
      arm(() => callback(...args), delay, repeats)
  Object.assign(globalThis, {
    setTimeout: later(false),
    setInterval: later(true),
    clearTimeout: disarm,
    clearInterval: disarm
  })
  Date.now = () => start + now
  timers.setTimeout = ((delay: number, value: unknown) =>
    new Promise((resolve) => arm(() => resolve(value), delay, false))) as never
  syncBuiltinESMExports()
  t.teardown(() => {
    Object.assign(globalThis, real)
    Date.now = realNow
    timers.setTimeout = realDelay
    syncBuiltinESMExports()
  })

  /** Runs one turn and measures its CPU time, because other processes use the machine as well. */
  const turn = async (run: () => void) => {
    const began = process.cpuUsage()
    run()
    await new Promise((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(began)
    longest = Math.max(longest, (user + system) / 1_000)
    // An injected request needs these turns of the event loop.
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
  }

  const fireDue = () => {
    for (const [handle, timer] of [...armed]) {
      if (timer.due > now || armed.get(handle) !== timer) continue
      if (timer.repeats) timer.due = now + timer.delay
      else armed.delete(handle)
      timer.fire()
    }
  }

  return {
    get armed() {
      return armed.size
    },
    get longestTurn() {
      return longest
    },
    async advance(seconds) {
      // Work that has just started needs some turns before it sets its timers.
      for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve))
      const end = now + seconds * 1_000
      for (;;) {
        const next = Math.min(end, ...[...armed.values()].map(({ due }) => due))
        now = Math.max(now, next)
        await turn(fireDue)
        if (next >= end) return
      }
    }
  }
}
