import type { SessionStore } from '../../types/store.ts'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'replace'] as const

/** A store whose operations wait at a gate until somebody opens it, one by one. */
export class GatedStore {
  readonly store: SessionStore
  /** Everything that was written, by its id. */
  readonly written = new Map<string, Uint8Array>()
  /** More than one when a request asks several things at once: what its attempts wrote is removed together. */
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

  /** The operation that has waited longest. */
  get waiting(): { readonly name: string; readonly id: string } | null {
    return this.#waiting[0] ?? null
  }

  /** Lets the operation that has waited longest happen. Resolves when it has. */
  async open(): Promise<void> {
    await this.#waiting.shift()?.open()
  }

  /** Whether operations pass without waiting. */
  leaveOpen(isOpen: boolean): void {
    this.#isOpen = isOpen
  }

  #atGate(name: string, id: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, id, open: () => call().then(resolve, reject) })
    })
  }
}
