import type { SessionStore } from '../../types/store.ts'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'replace'] as const

/** A store whose operations wait at a gate until somebody opens it, one by one. */
export class GatedStore {
  readonly store: SessionStore
  /** The ids of everything that was written. */
  readonly written = new Set<string>()
  #waiting: { name: string; open: () => Promise<void> } | null = null
  #isOpen = false

  constructor(inner: () => SessionStore) {
    const gated: Record<string, unknown> = {}
    for (const name of OPERATIONS) {
      gated[name] = (...args: unknown[]) => {
        if (name === 'write') this.written.add(String(args[0]))
        const store = inner() as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
        const call = () => store[name]!(...args)
        return this.#isOpen ? call() : this.#atGate(name, call)
      }
    }
    this.store = gated as unknown as SessionStore
  }

  /** The operation that waits. */
  get waiting(): string | null {
    return this.#waiting?.name ?? null
  }

  /** Lets the waiting operation happen. Resolves when it has. */
  async open(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = null
    await waiting?.open()
  }

  /** Whether operations pass without waiting. */
  leaveOpen(isOpen: boolean): void {
    this.#isOpen = isOpen
  }

  #atGate(name: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = {
        name,
        open: () => call().then(resolve, reject)
      }
    })
  }
}
