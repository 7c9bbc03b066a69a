import type {
  Enlisted,
  ListEntry,
  Listing,
  SessionsByUser,
  WhichSessions
} from '../../../types/users/sessions-by-user.ts'
import { decideEnlisting, entriesOf, LISTING_ENDED, type ListedRow, type UserState } from '../enlisting.ts'
import { MARKER_SECONDS, markerOf } from '../sql/marker.ts'
import { bufferOf, keyOfRow } from '../sql/row.ts'
import { quoted } from '../sql/table-name.ts'
import type { Connection, SqliteRow } from './database.ts'

/** What the lists need of the store. */
export interface SqliteRecords {
  /** Calls SQLite, and explains its errors. */
  asked<T>(call: () => T): T
  /** The time in milliseconds. */
  at(): number
  /** When a record ends, in milliseconds, or `undefined` if it has no time left. */
  end(at: number, lifetime: number, ttl: number): number | undefined
}

/** The sessions of each user in SQLite. A row is its own entry. Each change is one transaction. */
export class SqliteUsers implements SessionsByUser {
  readonly #connection: Connection
  readonly #records: SqliteRecords
  readonly #statements: ReturnType<typeof userStatements>

  constructor(connection: Connection, table: string, records: SqliteRecords) {
    this.#connection = connection
    this.#records = records
    this.#statements = userStatements(quoted(table))
  }

  enlist(sessionId: string, data: Uint8Array, lifetime: number, ttl: number, listing: Listing): Enlisted {
    const { user, handle } = listing
    const id = keyOfRow(sessionId)
    const { insert, evict, update } = this.#statements
    return this.#change((at) => {
      const end = this.#records.end(at, lifetime, ttl)
      const enlisting = decideEnlisting(data, toMilliseconds(listing), this.#stateOf(user, id, at))
      if ('answer' in enlisting) return enlisting.answer
      if (end === undefined) return LISTING_ENDED
      for (const one of enlisting.evicted) this.#connection.run(evict, user, one)
      const label = enlisting.label === undefined ? null : bufferOf(enlisting.label)
      const entry = [enlisting.authenticatedAt, enlisting.endsAt].map((seconds) => Math.round(seconds * 1000))
      this.#connection.run(insert, id, bufferOf(data), end, user, handle, at)
      this.#connection.run(update, ...entry, label, user, handle)
      return { enlisted: true, evicted: enlisting.evicted }
    })
  }

  delist(sessionId: string, user: string, handle: string): void {
    this.#records.asked(() => this.#connection.run(this.#statements.delist, keyOfRow(sessionId), user, handle))
  }

  list(user: string): ListEntry[] {
    return this.#records.asked(() => entriesOf(this.#rowsOf(user, this.#records.at())))
  }

  end(user: string, { only, except, at: endedAt }: WhichSessions): string[] {
    const { endAll, remember } = this.#statements
    return this.#change((at) => {
      if (only === undefined) {
        const marker = keyOfRow(markerOf(user))
        this.#connection.run(remember, marker, at + MARKER_SECONDS * 1000, Math.round(endedAt * 1000))
      }
      const handles = entriesOf(this.#rowsOf(user, at)).map(({ handle }) => handle)
      this.#connection.run(endAll, user, only ?? null, except ?? null)
      return handles.filter((handle) => (only === undefined ? handle !== except : handle === only))
    })
  }

  #stateOf(user: string, id: Buffer, at: number): UserState {
    const { record } = this.#statements
    const marker = this.#connection.get(record, keyOfRow(markerOf(user)), at)
    const present = this.#connection.get(record, id, at)
    return {
      endedAt: Number(marker?.since ?? 0) / 1000,
      present: present && { user: present.principal, handle: present.handle, data: present.data as Uint8Array },
      rows: this.#rowsOf(user, at)
    }
  }

  #rowsOf(user: string, at: number): ListedRow[] {
    return this.#connection.all(this.#statements.rows, user, at, at).map((row) => listedRow(row, at))
  }

  #change<T>(work: (at: number) => T): T {
    return this.#records.asked(() => this.#connection.change(() => work(this.#records.at())))
  }
}

function userStatements(table: string) {
  return {
    record: `SELECT data, principal, handle, since FROM ${table} WHERE id = ? AND expires_at > ?`,
    rows: `SELECT handle, since, until, label, expires_at FROM ${table}
  WHERE principal = ? AND expires_at > ? AND until > ?`,
    insert: `INSERT INTO ${table} (id, data, expires_at, principal, handle) VALUES (?, ifnull(?, x''), ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at,
  principal = excluded.principal, handle = excluded.handle WHERE expires_at <= ?`,
    update: `UPDATE ${table} SET since = ?, until = ?, label = ? WHERE principal = ? AND handle = ?`,
    evict: `DELETE FROM ${table} WHERE principal = ? AND handle = ?`,
    delist: `UPDATE ${table} SET principal = NULL, handle = NULL, since = NULL, until = NULL, label = NULL
  WHERE id = ? AND principal = ? AND handle = ?`,
    endAll: `DELETE FROM ${table} WHERE principal = ? AND handle = ifnull(?, handle) AND handle IS NOT ?`,
    remember: `INSERT INTO ${table} (id, data, expires_at, since) VALUES (?, x'', ?, ?)
  ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, since = max(since, excluded.since)`
  }
}

const listedRow = ({ handle, since, until, label, expires_at }: SqliteRow, at: number): ListedRow => ({
  handle: String(handle),
  authenticatedAt: Number(since) / 1000,
  endsAt: Number(until) / 1000,
  label: label === null ? undefined : bufferOf(label as Uint8Array),
  ttl: (Number(expires_at) - at) / 1000
})

/** The table counts in milliseconds, so times are compared in milliseconds. */
const toMilliseconds = (listing: Listing): Listing => ({
  ...listing,
  authenticatedAt: Math.round(listing.authenticatedAt * 1000) / 1000
})
