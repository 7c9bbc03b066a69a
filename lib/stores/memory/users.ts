import type {
  EndReason,
  Enlisted,
  Listing,
  SessionsByUser,
  WhichSessions
} from '../../../types/users/sessions-by-user.ts'
import { now } from '../../base/clock.ts'
import { decideEnlisting, LISTING_ENDED, type ListedRow } from '../enlisting.ts'
import type { Entry, ListedRecords } from './entry.ts'
import { newShards, shardOf } from './shards.ts'

/** The store remembers for so long when all sessions of a user were ended, and refuses logins that began before. */
const REMEMBERED_SECONDS = 3_600

/** The part of the store that its lists need. */
export interface MemoryRecords {
  /** The record under the id, unless it has expired. */
  find(id: string): Entry | undefined
  /** @returns the new record, or `undefined` if it has no time left */
  add(id: string, data: Uint8Array, lifetime: number, ttl: number): Entry | undefined
  remove(entry: Entry): void
}

type Watcher = (handles: readonly string[], reason: EndReason) => void

/** The sessions of each user in memory. Each call is one step, because it never waits. */
export class MemoryUsers implements SessionsByUser {
  readonly #records: MemoryRecords
  readonly #users = newShards<Map<string, ListedRecords>>()
  /** When all sessions of a user were ended, in the order of these calls. */
  readonly #endedAt = new Map<string, number>()
  readonly #watchers = new Set<Watcher>()

  constructor(records: MemoryRecords) {
    this.#records = records
  }

  enlist(id: string, data: Uint8Array, lifetime: number, ttl: number, listing: Listing): Enlisted {
    const { user, handle } = listing
    const rows = this.list(user)
    const present = this.#records.find(id)
    const enlisting = decideEnlisting(data, listing, {
      endedAt: this.#endedAt.get(user) ?? 0,
      present: present && {
        user: present.listed?.user,
        handle: present.listed?.handle,
        data: Buffer.from(present.data, 'latin1')
      },
      rows
    })
    if ('answer' in enlisting) return enlisting.answer
    // Before the eviction, because a record that is too large throws.
    const record = this.#records.add(id, data, lifetime, ttl)
    if (record === undefined) return LISTING_ENDED
    const { evicted } = enlisting
    const sessions = this.#living(user)
    this.#drop(
      [...sessions.values()].filter((session) => evicted.includes(session.handle)),
      'evicted'
    )
    record.listed = this.#entered({ ...listing, ...enlisting }, sessions.get(handle))
    record.listed.records.add(record)
    return { enlisted: true, evicted }
  }

  delist(id: string, _user: string, handle: string): void {
    const record = this.#records.find(id)
    if (record?.listed?.handle === handle) this.forget(record, 'logout')
  }

  list(user: string): ListedRow[] {
    const at = now()
    return [...this.#living(user).values()].map(({ handle, authenticatedAt, endsAt, label, records }) => {
      const ttl = Math.max(...[...records].map(({ expires }) => expires - at))
      return { handle, authenticatedAt, endsAt, label: label && Uint8Array.from(label), ttl }
    })
  }

  end(user: string, { only, except, at }: WhichSessions): string[] {
    if (only === undefined) this.#remember(user, at)
    const wanted = (handle: string) => (only === undefined ? handle !== except : handle === only)
    return this.#drop(
      [...this.#living(user).values()].filter(({ handle }) => wanted(handle)),
      'ended'
    )
  }

  watch(listener: Watcher): () => void {
    // A function of its own, because the same listener may watch twice.
    const watcher: Watcher = (handles, reason) => listener(handles, reason)
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Takes a record out of its entry. The entry goes with its last record. */
  forget(record: Entry, reason: EndReason): void {
    const { listed } = record
    if (listed === undefined) return
    record.listed = undefined
    listed.records.delete(record)
    if (listed.records.size === 0) this.#drop([listed], reason)
  }

  /** The sessions of the user that are alive. Looking for an expired record removes it, and with it its entry. */
  #living(user: string): Map<string, ListedRecords> {
    const sessions = shardOf(this.#users, user).get(user)
    if (sessions === undefined) return new Map()
    const at = now()
    for (const session of [...sessions.values()]) {
      for (const { id } of [...session.records]) this.#records.find(id)
      if (session.endsAt <= at) this.#drop([session], 'expired')
    }
    return sessions
  }

  #entered({ user, handle, authenticatedAt, endsAt, label }: Listing, before: ListedRecords | undefined) {
    const users = shardOf(this.#users, user)
    const sessions = users.get(user) ?? new Map<string, ListedRecords>()
    users.set(user, sessions)
    const entered: ListedRecords = {
      user,
      handle,
      authenticatedAt,
      endsAt,
      label: label && Uint8Array.from(label),
      records: before?.records ?? new Set()
    }
    for (const record of entered.records) record.listed = entered
    sessions.set(handle, entered)
    return entered
  }

  /** Ends sessions. @returns their handles */
  #drop(sessions: readonly ListedRecords[], reason: EndReason): string[] {
    for (const { user, handle, records } of sessions) {
      const users = shardOf(this.#users, user)
      const all = users.get(user)
      all?.delete(handle)
      if (all?.size === 0) users.delete(user)
      for (const record of records) {
        record.listed = undefined
        this.#records.remove(record)
      }
    }
    const handles = sessions.map(({ handle }) => handle)
    if (handles.length > 0) for (const watcher of [...this.#watchers]) watcher(handles, reason)
    return handles
  }

  #remember(user: string, at: number): void {
    const latest = Math.max(at, this.#endedAt.get(user) ?? 0)
    this.#endedAt.delete(user)
    this.#endedAt.set(user, latest)
    const over = now() - REMEMBERED_SECONDS
    for (const [other, endedAt] of this.#endedAt) {
      if (endedAt > over) break
      this.#endedAt.delete(other)
    }
  }
}
