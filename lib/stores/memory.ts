import type { Replaced, SessionStore } from '../../types/store.ts'
import { now } from '../clock.ts'
import { OF_STORE } from '../elsewhere.ts'
import { ownOptions } from '../option-names.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { IdIndex, NONE } from './id-index.ts'
import { SlotBytes } from './slot-bytes.ts'
import { gcSeconds, positiveInteger, secondsToKeep } from './store-options.ts'

/** So that a slot, and twice a slot, is a 32-bit integer. */
const MOST_SESSIONS = 2 ** 30

/** What one write may remove besides writing: enough to keep ahead of what expires, too little to be felt. */
const MOST_PER_WRITE = 4
/** What the timer removes at a time: half a millisecond, and a few where V8 has not compiled it yet. */
const MOST_PER_SWEEP = 100

const SWEEP_PAUSE_MS = 2
const SHORTEST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

export interface InMemoryStoreOptions {
  /** Seconds that a session lives when the lifetime is 0 and nobody reads it. @default 86400 (a day) */
  readonly gcTtl?: number
  /** When there are as many, a new session evicts the one that expires first. At most 1073741824. @default 1000000 */
  readonly maxSessions?: number
}

/**
 * Keeps sessions in this process: they end with it, and other processes do not see them.
 *
 * Takes about 400 bytes for a session of 200. What has expired is gone for readers at once, and from memory at the
 * latest a minute later. Warns once (`FST_SESSION_MEMORY_FULL`) when it is full.
 */
export class InMemoryStore implements SessionStore {
  readonly readProlongs = true
  readonly #gcTtl: number
  readonly #maxSessions: number
  readonly #index = new IdIndex()
  readonly #data = new SlotBytes()
  readonly #queue = new ExpiryQueue()
  #timer: NodeJS.Timeout | undefined
  #warned = false

  /** @throws `SessionOptionsError` */
  constructor(options: InMemoryStoreOptions = {}) {
    const { gcTtl, maxSessions } = ownOptions('InMemoryStore', options, ['gcTtl', 'maxSessions'], OF_STORE)
    this.#gcTtl = gcSeconds('InMemoryStore', gcTtl, 86_400)
    this.#maxSessions = positiveInteger('InMemoryStore', 'maxSessions', maxSessions, 1_000_000, MOST_SESSIONS)
  }

  /** How many sessions there are in memory; some may have expired a moment ago. */
  get size(): number {
    return this.#index.size
  }

  async read(sessionId: string, lifetime: number, ttl = 0): Promise<Uint8Array | null> {
    const slot = this.#live(sessionId)
    if (slot === NONE) return null
    // A session without a lifetime must not end under a user who is there: only its ttl is this store's own choice.
    if (lifetime === 0 || ttl > 0) this.#queue.change(slot, this.#deadline(lifetime, ttl))
    return this.#data.get(slot)
  }

  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    this.#write(sessionId, data, lifetime, ttl)
    return sessionId
  }

  async replace(
    sessionId: string,
    expected: Uint8Array,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced> {
    const slot = this.#live(sessionId)
    if (slot === NONE) return { replaced: false, current: null }
    if (!this.#data.equals(slot, expected)) return { replaced: false, current: this.#data.get(slot) }
    if (data === null) this.#drop(slot)
    else this.#write(sessionId, data, lifetime, ttl)
    return { replaced: true }
  }

  async remove(sessionId: string): Promise<boolean> {
    const wasLive = this.#live(sessionId) !== NONE
    this.#drop(this.#index.find(sessionId))
    return wasLive
  }

  async touch(sessionId: string, lifetime: number, ttl: number): Promise<boolean> {
    const slot = this.#live(sessionId)
    if (slot === NONE) return false
    this.#queue.change(slot, this.#deadline(lifetime, ttl))
    return lifetime === 0 || ttl > 0
  }

  /** The slot of a session that has not expired; `NONE`: there is none. */
  #live(sessionId: string): number {
    const slot = this.#index.find(sessionId)
    return slot !== NONE && this.#queue.expires(slot) > now() ? slot : NONE
  }

  #write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): void {
    const isOver = lifetime !== 0 && !(ttl > 0)
    if (isOver) this.#drop(this.#index.find(sessionId))
    else this.#put(sessionId, data, this.#deadline(lifetime, ttl))
    this.#sweep(MOST_PER_WRITE)
    this.#arm(SHORTEST_WAIT_MS)
  }

  /** On the millisecond, so that a sum of fractions expires neither before nor after it. */
  #deadline(lifetime: number, ttl: number): number {
    return Math.round((now() + secondsToKeep(lifetime, ttl, this.#gcTtl)) * 1000) / 1000
  }

  #put(id: string, data: Uint8Array, expires: number): void {
    const known = this.#index.find(id)
    if (known !== NONE) {
      this.#data.set(known, data)
      this.#queue.change(known, expires)
      return
    }
    if (this.#index.size >= this.#maxSessions) this.#evict()
    const slot = this.#index.add(id)
    this.#data.push(slot, data)
    this.#queue.push(slot, expires)
  }

  /** The last slot's session takes the free one. */
  #drop(slot: number): void {
    if (slot === NONE) return
    const last = this.#index.remove(slot)
    this.#queue.remove(slot)
    this.#data.remove(slot, last)
  }

  #evict(): void {
    const soonest = this.#queue.first!
    const hadTime = this.#queue.expires(soonest) > now()
    this.#drop(soonest)
    if (this.#warned || !hadTime) return
    this.#warned = true
    process.emitWarning(
      `InMemoryStore is full: with ${this.#maxSessions} sessions, each new one ends another. Raise maxSessions, or use a RedisStore`,
      { code: 'FST_SESSION_MEMORY_FULL' }
    )
  }

  #sweep(most: number): void {
    const at = now()
    for (let count = 0; count < most && this.#queue.due <= at; count++) this.#drop(this.#queue.first!)
  }

  #arm(shortest: number): void {
    if (this.#timer !== undefined || this.#index.size === 0) return
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(shortest, (this.#queue.due - now()) * 1000))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sweep(MOST_PER_SWEEP)
      this.#arm(this.#queue.due <= now() ? SWEEP_PAUSE_MS : SHORTEST_WAIT_MS)
    }, wait).unref()
  }
}
