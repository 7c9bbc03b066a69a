import type { SessionStore } from '../../types/store.ts'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'replace'] as const

/** A store whose operations wait at a gate. A test opens the gate for one operation at a time. */
export class GatedStore {
  readonly store: SessionStore
  /** The last bytes that were written under each id. */
  readonly written = new Map<string, Uint8Array>()
  /** It has several entries if a request calls the store several times at once, such as for the records of failed attempts. */
  readonly #waiting: { name: string; id: string; open: () => Promise<void> }[] = []
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

  /** The operation that has waited longest, or `null`. */
  get waiting(): { readonly name: string; readonly id: string } | null {
    return this.#waiting[0] ?? null
  }

  /** Runs the operation that has waited longest. Resolves when it is done. */
  async open(): Promise<void> {
    await this.#waiting.shift()?.open()
  }

  /** Sets whether operations pass without waiting. */
  leaveOpen(isOpen: boolean): void {
    this.#isOpen = isOpen
  }

  #atGate(name: string, id: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, id, open: () => call().then(resolve, reject) })
    })
  }
}
