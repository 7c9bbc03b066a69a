import { now } from '../../lib/base/clock.ts'
import type { Replaced } from '../../types/store.ts'

export interface Row {
  data: Uint8Array
  expires: number
}

const DAY = 86_400

/**
 * The simplest store that keeps every promise. A test changes one of its parts, and the tests of a store must notice it.
 * All methods answer at once.
 */
export class ModelStore {
  readonly readProlongs = true
  readonly rows = new Map<string, Row>()
  isBroken = false

  keyOf(id: string): string {
    return id
  }

  /** The time at which a record ends. */
  end(lifetime: number, ttl: number): number {
    return now() + (lifetime === 0 ? Math.min(ttl || DAY, DAY) : ttl)
  }

  isOver(row: Row): boolean {
    return row.expires <= now()
  }

  find(id: string): Row | undefined {
    this.check()
    const row = this.rows.get(this.keyOf(id))
    return row === undefined || this.isOver(row) ? undefined : row
  }

  put(id: string, data: Uint8Array, expires: number): void {
    this.check()
    this.rows.set(this.keyOf(id), { data: Uint8Array.from(data), expires })
  }

  delete(id: string): void {
    this.rows.delete(this.keyOf(id))
  }

  check(): void {
    if (this.isBroken) throw new Error('connection refused')
  }

  read(id: string, lifetime: number, ttl?: number): Uint8Array | null {
    const row = this.find(id)
    if (row === undefined) return null
    if (ttl !== undefined || lifetime === 0) row.expires = this.end(lifetime, ttl ?? 0)
    return Uint8Array.from(row.data)
  }

  write(id: string, data: Uint8Array, lifetime: number, ttl: number): string {
    this.put(id, data, this.end(lifetime, ttl))
    return id
  }

  remove(id: string): boolean {
    const row = this.find(id)
    this.delete(id)
    return row !== undefined
  }

  touch(id: string, lifetime: number, ttl: number): boolean {
    const row = this.find(id)
    if (row !== undefined) row.expires = this.end(lifetime, ttl)
    return row !== undefined
  }

  replace(id: string, expected: Uint8Array | null, data: Uint8Array | null, lifetime: number, ttl: number): Replaced {
    const current = this.read(id, lifetime || DAY)
    if (!this.isSame(current, expected)) return { replaced: false, current }
    if (data === null) this.delete(id)
    else this.put(id, data, this.end(lifetime, ttl))
    return { replaced: true }
  }

  move(
    id: string,
    expected: Uint8Array,
    tombstone: Uint8Array,
    tombstoneTtl: number,
    newId: string,
    data: Uint8Array,
    lifetime: number,
    ttl: number
  ): Replaced {
    const current = this.read(id, lifetime || DAY)
    if (!this.isSame(current, expected)) return { replaced: false, current }
    this.put(id, tombstone, now() + tombstoneTtl)
    this.put(newId, data, this.end(lifetime, ttl))
    return { replaced: true }
  }

  isSame(current: Uint8Array | null, expected: Uint8Array | null): boolean {
    return current === null || expected === null ? current === expected : Buffer.compare(current, expected) === 0
  }

  explain(id: string): string | undefined {
    return this.rows.has(this.keyOf(id)) ? 'expired' : undefined
  }

  sharesRecordsWith(other: object): boolean {
    return other instanceof ModelStore && other.rows === this.rows
  }

  forCookie(_cookieName: string): ModelStore {
    return this
  }
}
