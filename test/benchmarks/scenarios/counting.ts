const READS = ['read', 'get', 'getAndProlong']
const CHANGES = ['write', 'replace', 'touch', 'remove', 'set', 'delete', 'destroy', 'del']

type Method = (...args: unknown[]) => unknown

/** Counts what is asked of a store, whatever its methods are called. */
export class Counter {
  reads = 0
  changes = 0

  /** The same store, counted. */
  readonly counted = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        // Called on the store itself, which has private fields.
        const call: Method = (...args) => (member as Method).apply(target, args)
        if (name === 'forCookie') return (...args: unknown[]) => this.counted(call(...args) as object)
        return (...args: unknown[]) => {
          if (READS.includes(String(name))) this.reads++
          if (CHANGES.includes(String(name))) this.changes++
          return call(...args)
        }
      }
    })

  /** What came since the last time. */
  take(): { reads: number; changes: number } {
    const { reads, changes } = this
    this.reads = 0
    this.changes = 0
    return { reads, changes }
  }
}
