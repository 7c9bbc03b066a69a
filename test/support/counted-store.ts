import type { SessionStore } from '../../types/store.ts'

/** A store that counts the calls for each session. */
export class CountedStore {
  readonly store: SessionStore
  readonly #calls = new Map<string, number>()

  constructor(inner: SessionStore) {
    const store: Record<string, unknown> = {}
    for (const name of ['read', 'write', 'remove', 'touch', 'replace'] as const) {
      const operation = inner[name]?.bind(inner) as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (operation === undefined) continue
      store[name] = (...args: unknown[]) => {
        const id = String(args[0])
        this.#calls.set(id, this.callsFor(id) + 1)
        return operation(...args)
      }
    }
    this.store = store as unknown as SessionStore
  }

  /** The number of calls for a session so far. */
  callsFor(id: string): number {
    return this.#calls.get(id) ?? 0
  }
}
