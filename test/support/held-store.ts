import { promised } from '../../lib/base/when.ts'
import type { SessionStore } from '../../types/store.ts'

type Operation = 'read' | 'write' | 'remove' | 'touch' | 'replace'

/** A store that can hold back single calls. A call that is held back happens when the test releases it. */
export class HeldStore {
  readonly store: SessionStore
  readonly #held: (() => Promise<void>)[] = []
  #next: Operation | undefined

  constructor(inner: SessionStore) {
    const store: Record<string, unknown> = {}
    for (const name of ['read', 'write', 'remove', 'touch', 'replace'] as const) {
      const operation = inner[name]?.bind(inner) as ((...args: unknown[]) => unknown) | undefined
      if (operation === undefined) continue
      store[name] = (...args: unknown[]) => {
        if (this.#next !== name) return operation(...args)
        this.#next = undefined
        return new Promise((resolve, reject) => {
          this.#held.push(() => promised(() => operation(...args)).then(resolve, reject))
        })
      }
    }
    this.store = store as unknown as SessionStore
  }

  /** Holds back the next call of this operation until `release()`. */
  holdNext(name: Operation): void {
    this.#next = name
  }

  /** The number of calls that are held back. */
  get holding(): number {
    return this.#held.length
  }

  /** Makes the calls that were held back, one after the other. */
  async release(): Promise<void> {
    for (const happen of this.#held.splice(0)) await happen()
  }
}
