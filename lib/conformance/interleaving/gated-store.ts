import type { SessionStore } from '../../../types/store.ts'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'replace', 'move'] as const

type Operation = (...args: unknown[]) => unknown

/** A store whose operations wait at a gate. A test opens the gate for one operation at a time. */
export class GatedStore {
  readonly store: SessionStore
  /** The last bytes that were written under each id. */
  readonly written = new Map<string, Uint8Array>()
  /** It has several entries if a request calls the store several times at once, such as for the records of failed attempts. */
  readonly #waiting: { name: string; id: string; open: () => Promise<void> }[] = []

  constructor(inner: SessionStore) {
    const gated: Record<string, unknown> = { readProlongs: inner.readProlongs === true }
    for (const name of OPERATIONS) {
      const operation = inner[name]?.bind(inner) as Operation | undefined
      if (operation === undefined) continue
      gated[name] = (...args: unknown[]) => {
        if (name === 'write') this.written.set(String(args[0]), args[1] as Uint8Array)
        if (name === 'move') this.written.set(String(args[4]), args[5] as Uint8Array)
        return this.#atGate(name, String(args[0]), async () => operation(...args))
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

  #atGate(name: string, id: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, id, open: () => call().then(resolve, reject) })
    })
  }
}
