import { now } from '../../lib/base/clock.ts'
import type { SessionStore } from '../../types/store.ts'

/** The smallest possible store: the three required methods over a Map. It counts its calls. */
export class MapStore implements SessionStore {
  readonly calls = { read: 0, write: 0, remove: 0 }
  readonly entries = new Map<string, { data: Uint8Array; expires: number }>()

  async read(sessionId: string): Promise<Uint8Array | null> {
    this.calls.read++
    const entry = this.entries.get(sessionId)
    return entry !== undefined && entry.expires > now() ? entry.data.slice() : null
  }

  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    this.calls.write++
    this.entries.set(sessionId, {
      data: Uint8Array.from(data),
      expires: lifetime === 0 && ttl === 0 ? Number.POSITIVE_INFINITY : now() + ttl
    })
    return sessionId
  }

  async remove(sessionId: string): Promise<void> {
    this.calls.remove++
    this.entries.delete(sessionId)
  }
}
