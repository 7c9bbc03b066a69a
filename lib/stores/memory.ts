import type { Replaced, SessionStore } from '../../types/store.ts'
import type { InMemoryStoreOptions } from '../../types/stores.ts'
import type { EndReason, SessionsByUser } from '../../types/users/sessions-by-user.ts'
import { now } from '../base/clock.ts'
import type { MaybePromise } from '../base/when.ts'
import { positiveInteger } from '../checks/integer.ts'
import { ownOptions } from '../checks/option-names.ts'
import { STORE_HINTS } from '../checks/other-libraries.ts'
import { SessionTooLargeError } from '../errors.ts'
import { gcSeconds, secondsToKeep } from './gc-ttl.ts'
import { Entry, UseOrder } from './memory/entry.ts'
import { newShards, shardOf } from './memory/shards.ts'
import { MemoryUsers } from './memory/users.ts'
import type { MoveArguments } from './move-arguments.ts'
import { isUnchanged } from './unchanged.ts'

/**
 * Keeps sessions in this process. They end with the process, and other processes do not see them.
 *
 * A full store makes room for new sessions and warns once (`FST_SESSION_MEMORY_FULL`). The store first drops
 * sessions that no request has read since they began, then the least recently used ones. A sixteenth of the room is kept
 * for new sessions, so users can still log in. A session takes about 250 bytes besides its record. Later calls for other
 * sessions free the memory of an expired session.
 */
export class InMemoryStore implements SessionStore {
  /** A read with a `ttl` also prolongs, so rolling sessions need no `touch`. */
  readonly readProlongs = true
  readonly #limits: Required<InMemoryStoreOptions>
  readonly #shards = newShards<Entry>()
  readonly #unread = new UseOrder()
  readonly #read = new UseOrder()
  #shard = 0
  #sweeper = this.#shards[0]!.values()
  #warned = false
  readonly #users = new MemoryUsers({
    find: (id) => this.#find(id),
    add: (id, data, lifetime, ttl) => {
      const entry = newEntry(id)
      return this.#put(entry, textOf(data), this.#expiry(lifetime, ttl)) ? entry : undefined
    },
    remove: (entry) => void this.#put(entry, null)
  })

  /** @throws `FST_SESSION_OPTIONS` if an option is unknown or wrong */
  constructor(options: InMemoryStoreOptions = {}) {
    const own = ownOptions('InMemoryStore', options, ['gcTtl', 'maxSessions', 'maxBytes'], STORE_HINTS)
    this.#limits = {
      gcTtl: gcSeconds('InMemoryStore', own.gcTtl, 86_400),
      maxSessions: positiveInteger('InMemoryStore', 'maxSessions', own.maxSessions, 1e6),
      maxBytes: positiveInteger('InMemoryStore', 'maxBytes', own.maxBytes, 2 ** 28)
    }
  }

  /** `true`, so calls are not timed. `false` in a subclass, or if somebody has replaced a method. */
  get isLocal(): boolean {
    return isUnchanged(this, InMemoryStore)
  }

  /** How many sessions are in memory. Some of them may have expired. */
  get size(): number {
    return this.#unread.count + this.#read.count
  }

  /** The sessions of each user. An entry goes when the store removes its last session, for whatever reason. */
  get byUser(): SessionsByUser {
    return this.#users
  }

  /** Reads a session. Reading also prolongs the session if `lifetime` is 0 or if there is a `ttl`. */
  read(id: string, lifetime: number, ttl = 0): MaybePromise<Uint8Array | null> {
    const entry = this.#find(id)
    if (entry === undefined) return null
    // With lifetime 0, only this store ends the session. The session must not end while somebody uses it.
    this.#put(entry, entry.data, lifetime === 0 || ttl > 0 ? this.#expiry(lifetime, ttl) : entry.expires, this.#read)
    return Buffer.from(entry.data, 'latin1')
  }

  /**
   * Stores a session.
   * @throws `FST_SESSION_TOO_LARGE` if the session alone is larger than `maxBytes`
   */
  write(id: string, data: Uint8Array, lifetime: number, ttl: number): MaybePromise<string> {
    this.#put(this.#find(id) ?? newEntry(id), textOf(data), this.#expiry(lifetime, ttl))
    return id
  }

  /**
   * Stores a session if the stored bytes equal `expected`, or if `expected` is `null` and there is no session.
   * @throws `FST_SESSION_TOO_LARGE` if the session alone is larger than `maxBytes`
   */
  replace(
    id: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): MaybePromise<Replaced> {
    const entry = this.#find(id)
    if ((entry?.data ?? null) !== (expected && textOf(expected))) return { replaced: false, current: storedIn(entry) }
    this.#put(entry ?? newEntry(id), data && textOf(data), this.#expiry(lifetime, ttl))
    return { replaced: true }
  }

  /**
   * Gives a session a new id: stores it there, and a tombstone under the old id. `undefined` in a subclass, because its
   * own `write` and `replace` must not be bypassed.
   */
  get move(): SessionStore['move'] {
    return this.isLocal ? this.#move : undefined
  }

  #move(...[id, expected, tombstone, tombstoneTtl, newId, data, lifetime, ttl]: MoveArguments): Replaced {
    const entry = this.#find(id)
    if (entry === undefined || entry.data !== textOf(expected)) return { replaced: false, current: storedIn(entry) }
    // The new session comes first, because it may be too large for the store.
    this.write(newId, data, lifetime, ttl)
    if (this.#find(id) === entry) {
      this.#put(entry, textOf(tombstone), this.#expiry(tombstoneTtl, tombstoneTtl))
      return { replaced: true }
    }
    // The store is so small that the old session had to make room. Without a tombstone, no logout would find the new one.
    this.remove(newId)
    return { replaced: false, current: null }
  }

  /**
   * Removes a session.
   * @returns whether it was there
   */
  remove(id: string): MaybePromise<boolean> {
    const entry = this.#find(id)
    return entry !== undefined && !this.#put(entry, null)
  }

  /**
   * Prolongs a session.
   * @returns whether it is there
   */
  touch(id: string, lifetime: number, ttl: number): MaybePromise<boolean> {
    const entry = this.#find(id)
    return entry !== undefined && this.#put(entry, entry.data, this.#expiry(lifetime, ttl))
  }

  #expiry(lifetime: number, ttl: number): number {
    return Math.round((now() + secondsToKeep(lifetime, ttl, this.#limits.gcTtl)) * 1000) / 1000
  }

  /** Each call also looks at up to two other sessions, and removes them if they have expired. */
  #find(id: string): Entry | undefined {
    const at = now()
    for (let looks = 0; looks < 2; looks++) {
      const next = this.#sweeper.next().value
      if (next === undefined) this.#sweeper = this.#shards[++this.#shard % this.#shards.length]!.values()
      else if (next.expires <= at) this.#put(next, null)
    }
    const entry = shardOf(this.#shards, id).get(id)
    return entry === undefined || entry.expires > at || this.#put(entry, null) ? entry : undefined
  }

  /** Puts a session at the end of its list. If it has no data or no time left, removes it and returns `false`. */
  #put(
    entry: Entry,
    data: string | null,
    expires = 0,
    order = entry.order ?? this.#unread,
    reason: EndReason = 'logout'
  ): boolean {
    const { maxSessions, maxBytes } = this.#limits
    const room = maxBytes - entry.id.length - (data ?? '').length
    if (room < 0) throw new SessionTooLargeError(`it exceeds the ${maxBytes} bytes of its InMemoryStore (maxBytes)`)
    if (entry.order === undefined) shardOf(this.#shards, entry.id).set(entry.id, entry)
    else {
      entry.previous.next = entry.next
      entry.next.previous = entry.previous
      entry.order.count--
      entry.order.bytes -= entry.id.length + entry.data.length
    }
    if (data === null || !(expires > now())) {
      shardOf(this.#shards, entry.id).delete(entry.id)
      this.#users.forget(entry, entry.expires > now() ? reason : 'expired')
      return false
    }
    while (this.size >= maxSessions) this.#evict('maxSessions', maxSessions, this.#unread.count)
    while (this.#unread.bytes + this.#read.bytes > room) this.#evict('maxBytes', maxBytes, this.#unread.bytes)
    entry.data = data
    entry.expires = expires
    entry.order = order
    entry.previous = order.previous
    entry.next = order
    order.previous = order.previous.next = entry
    order.count++
    order.bytes += entry.id.length + data.length
    return true
  }

  #evict(option: string, limit: number, unread: number): void {
    const entry = (this.#read.count > 0 && unread < limit / 16 ? this.#read : this.#unread).next
    this.#put(entry, null, 0, entry.order, 'evicted')
    if (this.#warned || entry.expires <= now()) return
    this.#warned = true
    const message = `InMemoryStore is full (${option}: ${limit}): it removes older sessions to make room for new ones. Raise ${option}, or use a RedisStore`
    process.emitWarning(message, { code: 'FST_SESSION_MEMORY_FULL' })
  }
}

const newEntry = (id: string): Entry => Object.assign(new Entry(), { id })

const textOf = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')

const storedIn = (entry: Entry | undefined): Uint8Array | null =>
  entry === undefined ? null : Buffer.from(entry.data, 'latin1')
