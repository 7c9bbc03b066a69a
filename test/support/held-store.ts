import type { SessionStore } from '../../types/store.ts'

type Operation = 'read' | 'write' | 'remove' | 'touch' | 'replace'

/** A store of which single calls are held back: they happen, late, when the test says so. */
export class HeldStore {
  readonly store: SessionStore
  readonly #held: (() => Promise<void>)[] = []
  #next: Operation | undefined

  constructor(inner: SessionStore) {
    const store: Record<string, unknown> = {}
    for (const name of ['read', 'write', 'remove', 'touch', 'replace'] as const) {
      const operation = inner[name]?.bind(inner) as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (operation === undefined) continue
      store[name] = (...args: unknown[]) => {
        if (this.#next !== name) return operation(...args)
        this.#next = undefined
        return new Promise((resolve, reject) => {
          this.#held.push(() => operation(...args).then(resolve, reject))
        })
      }
    }
    this.store = store as unknown as SessionStore
  }

  /** The next call of this operation is not answered until `release()`. */
  holdNext(name: Operation): void {
    this.#next = name
  }

  /** How many calls are held. */
  get holding(): number {
    return this.#held.length
  }

  /** Lets what was held happen now. */
  async release(): Promise<void> {
    for (const happen of this.#held.splice(0)) await happen()
  }
}
