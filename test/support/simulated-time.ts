import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

interface Timer {
  due: number
  readonly delay: number
  readonly repeats: boolean
  readonly fire: () => void
}

export interface SimulatedTime {
  /** How many timers there are. */
  readonly armed: number
  /** The most CPU time that one turn of the event loop has taken, in milliseconds. */
  readonly longestTurn: number
  /** Lets time pass. What is due happens in its order, and the event loop turns in between. */
  advance(seconds: number): Promise<void>
}

/** Replaces timers and `Date.now` until the test ends: a minute takes as long as what happens in it. */
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

  /** CPU time instead of time: another process may have the machine meanwhile. */
  const turn = async (run: () => void) => {
    const began = process.cpuUsage()
    run()
    await new Promise((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(began)
    longest = Math.max(longest, (user + system) / 1_000)
    // What an injected request needs of the event loop.
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
      // What has just begun first gets as far as its timers.
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
