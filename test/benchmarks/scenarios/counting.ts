const READS = ['read', 'get', 'getAndProlong']
/** `move` writes the new record and replaces the old one in one call. It counts as both. */
const BOTH = ['move']
const CHANGES = ['write', 'replace', 'touch', 'remove', 'set', 'delete', 'destroy', 'del']

type Method = (...args: unknown[]) => unknown

/** Counts the calls of any store, for every name that the methods have in the libraries. */
export class Counter {
  reads = 0
  changes = 0

  /** Wraps a store so that its calls are counted. */
  readonly counted = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        // `this` must be the store itself, because a proxy has no access to its private fields.
        const call: Method = (...args) => (member as Method).apply(target, args)
        if (name === 'forCookie') return (...args: unknown[]) => this.counted(call(...args) as object)
        return (...args: unknown[]) => {
          if (READS.includes(String(name))) this.reads++
          if (CHANGES.includes(String(name))) this.changes++
          if (BOTH.includes(String(name))) this.changes += 2
          return call(...args)
        }
      }
    })

  /** @returns the counts since the last call, and starts again at zero */
  take(): { reads: number; changes: number } {
    const { reads, changes } = this
    this.reads = 0
    this.changes = 0
    return { reads, changes }
  }
}
