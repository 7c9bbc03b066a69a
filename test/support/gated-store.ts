import type { SessionStore } from '../../types/store.ts'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'replace'] as const

/** A store whose operations wait at a gate until somebody opens it, one by one. */
export class GatedStore {
  readonly store: SessionStore
  /** Everything that was written, by its id. */
  readonly written = new Map<string, Uint8Array>()
  #waiting: { name: string; id: string; open: () => Promise<void> } | null = null
  #isOpen = false

  constructor(inner: () => SessionStore) {
    const gated: Record<string, unknown> = {}
    for (const name of OPERATIONS) {
      gated[name] = (...args: unknown[]) => {
        if (name === 'write') this.written.set(String(args[0]), args[1] as Uint8Array)
        const store = inner() as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
        const call = () => store[name]!(...args)
        return this.#isOpen ? call() : this.#atGate(name, String(args[0]), call)
      }
    }
    this.store = gated as unknown as SessionStore
  }

  /** The operation that waits. */
  get waiting(): { readonly name: string; readonly id: string } | null {
    return this.#waiting
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

  #atGate(name: string, id: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = {
        name,
        id,
        open: () => call().then(resolve, reject)
      }
    })
  }
}
