import type { Replaced, SessionStore } from '../../types/store.ts'
import type { SqliteStoreOptions } from '../../types/stores/sqlite.ts'
import type { SessionsByUser } from '../../types/users/sessions-by-user.ts'
import { now } from '../base/clock.ts'
import { ownOptions } from '../checks/option-names.ts'
import { SQLITE_HINTS } from '../checks/other-libraries.ts'
import { gcSeconds, isOver, MONTH_SECONDS, secondsToKeep } from './gc-ttl.ts'
import type { MoveArguments } from './move-arguments.ts'
import { bufferOf, keyOfRow } from './sql/row.ts'
import { Sweeping } from './sql/sweeping.ts'
import { sqlName } from './sql/table-name.ts'
import { Connection } from './sqlite/database.ts'
import { withSqliteRemedy } from './sqlite/reasons.ts'
import { sqliteSchema } from './sqlite/schema.ts'
import { warnAboutSettings } from './sqlite/settings.ts'
import { SMALL_BATCH, sqliteStatements } from './sqlite/statements.ts'
import { SqliteUsers } from './sqlite/users.ts'
import { isUnchanged } from './unchanged.ts'

/** A read prolongs a session when less than this part of its time is left. */
const ENOUGH_LEFT = 0.95

/**
 * Keeps sessions in a file of SQLite, in a table with one row for each session. Several processes on one machine can
 * share the file. Call `createTable()` once.
 *
 * Each call is one statement, and the process waits for it. Two cases need a second statement: a `replace` that finds
 * other bytes, and a read that prolongs. Errors of SQLite are thrown unchanged, unless the store knows what to do about
 * them. Then a new error says so, and has the other one as its `cause`.
 */
export class SqliteStore implements SessionStore {
  /** A read with a `ttl` also prolongs, so rolling sessions need no `touch`. */
  readonly readProlongs = true
  /** The sessions of each user, in the same table. */
  readonly byUser: SessionsByUser
  readonly #connection: Connection
  readonly #table: string
  readonly #statements: ReturnType<typeof sqliteStatements>
  readonly #gcTtl: number
  readonly #sweeping = new Sweeping()

  /**
   * @param options only `database` is required
   * @throws `FST_SESSION_OPTIONS` if the database is not supported, or an option is unknown or wrong
   */
  constructor(options: SqliteStoreOptions) {
    const own = ownOptions('SqliteStore', options, ['database', 'table', 'gcTtl'], SQLITE_HINTS)
    this.#table = sqlName('SqliteStore', 'table', own.table ?? 'starsessions')
    this.#gcTtl = gcSeconds('SqliteStore', own.gcTtl, MONTH_SECONDS)
    this.#connection = new Connection(own.database)
    this.#statements = sqliteStatements(this.#table)
    this.byUser = new SqliteUsers(this.#connection, this.#table, {
      asked: (call) => this.#asked(call),
      at: unixMilliseconds,
      end: (at, lifetime, ttl) => (isOver(lifetime, ttl) ? undefined : this.#end(at, lifetime, ttl))
    })
    warnAboutSettings(this.#connection)
  }

  /**
   * `true`, so calls are not timed: no timer could fire while the process waits for SQLite. `false` in a subclass, or if
   * somebody has replaced a method.
   */
  get isLocal(): boolean {
    return isUnchanged(this, SqliteStore)
  }

  /**
   * Makes the table and its indexes, unless they are there.
   * @returns this store
   */
  createTable(): this {
    this.#connection.exec(sqliteSchema(this.#table).join(';\n'))
    return this
  }

  /**
   * Deletes all rows whose time is over. Writes do so as well, 100 rows at a time. So call it only from a job, for
   * example if your processes do not live that long.
   * @returns how many rows it deleted
   */
  sweep(): number {
    let total = 0
    for (;;) {
      const count = this.#sweepOnce()
      total += count
      if (count < SMALL_BATCH) return total
    }
  }

  /**
   * Compares the files and the names of the tables.
   * @returns whether both stores keep sessions in the same table
   */
  sharesRecordsWith(other: SessionStore): boolean {
    if (!(other instanceof SqliteStore)) return false
    // A Proxy has no private members.
    if (!(#table in other)) return true
    return this.#table === other.#table && this.#connection.isSameAs(other.#connection)
  }

  /**
   * Reads a session. If the `lifetime` is 0, or with a `ttl`, reading also prolongs the session, once less than 95 % of
   * the time is left.
   */
  read(sessionId: string, lifetime: number, ttl = 0): Uint8Array | null {
    const id = keyOfRow(sessionId)
    const at = unixMilliseconds()
    return this.#asked(() => {
      const row = this.#connection.get(this.#statements.read, id, at)
      if (row === undefined) return null
      // With lifetime 0, only this store limits the session, so it must not end while somebody uses it.
      if (lifetime === 0 || ttl > 0) {
        const left = Number(row.expires_at) - at
        const wanted = secondsToKeep(lifetime, ttl, this.#gcTtl) * 1000
        // A session that somebody else has changed meanwhile keeps its new end.
        if (left < wanted * ENOUGH_LEFT || left > wanted + 1000) {
          this.#connection.run(this.#statements.prolong, Math.ceil(at + wanted), id, Number(row.expires_at))
        }
      }
      return bufferOf(row.data as Uint8Array)
    })
  }

  /** Stores a session, or removes it if no time is left. */
  write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): string {
    const id = keyOfRow(sessionId)
    const at = unixMilliseconds()
    this.#asked(() => {
      if (isOver(lifetime, ttl)) this.#connection.run(this.#statements.remove, id, at)
      else this.#connection.run(this.#statements.write, id, bufferOf(data), this.#end(at, lifetime, ttl), at)
    })
    this.#sweepIfDue()
    return sessionId
  }

  /**
   * Stores a session if the stored bytes equal `expected`, or if `expected` is `null` and there is no session. If the
   * statement finds something else, a second statement reads it.
   */
  replace(
    sessionId: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Replaced {
    const id = keyOfRow(sessionId)
    const at = unixMilliseconds()
    const bytes = isOver(lifetime, ttl) ? null : data
    const replaced = this.#asked((): Replaced => {
      if (this.#swap(id, expected && bufferOf(expected), bytes && bufferOf(bytes), at, lifetime, ttl)) {
        return { replaced: true }
      }
      const row = this.#connection.get(this.#statements.read, id, at)
      const current = row === undefined ? null : bufferOf(row.data as Uint8Array)
      return expected === null && bytes === null && current === null ? { replaced: true } : { replaced: false, current }
    })
    this.#sweepIfDue()
    return replaced
  }

  /** A rotation in one transaction. `undefined` in a subclass, or if somebody has replaced a method. */
  get move(): SessionStore['move'] {
    return this.isLocal ? this.#move : undefined
  }

  #move(...[sessionId, expected, tombstone, tombstoneTtl, newId, data, lifetime, ttl]: MoveArguments): Replaced {
    const [id, at] = [keyOfRow(sessionId), unixMilliseconds()]
    const { read, replace, write } = this.#statements
    const end = Math.ceil(at + tombstoneTtl * 1000)
    return this.#asked(() =>
      this.#connection.change((): Replaced => {
        if (this.#connection.run(replace, bufferOf(tombstone), end, id, bufferOf(expected), at) > 0) {
          this.#connection.run(write, keyOfRow(newId), bufferOf(data), this.#end(at, lifetime, ttl), at)
          return { replaced: true }
        }
        const row = this.#connection.get(read, id, at)
        return { replaced: false, current: row === undefined ? null : bufferOf(row.data as Uint8Array) }
      })
    )
  }

  /**
   * Removes a session.
   * @returns whether there was one
   */
  remove(sessionId: string): boolean {
    return this.#asked(() => this.#connection.run(this.#statements.remove, keyOfRow(sessionId), unixMilliseconds()) > 0)
  }

  /**
   * Sets the end of a session.
   * @returns whether there is one
   */
  touch(sessionId: string, lifetime: number, ttl: number): boolean {
    const id = keyOfRow(sessionId)
    const at = unixMilliseconds()
    if (isOver(lifetime, ttl)) {
      this.#asked(() => this.#connection.run(this.#statements.remove, id, at))
      return false
    }
    return this.#asked(() => this.#connection.run(this.#statements.touch, this.#end(at, lifetime, ttl), id, at) > 0)
  }

  /** @returns whether the row was as expected, and has been changed */
  #swap(id: Buffer, expected: Buffer | null, data: Buffer | null, at: number, lifetime: number, ttl: number): boolean {
    const { create, replace, replaceByNothing } = this.#statements
    const end = this.#end(at, lifetime, ttl)
    if (expected === null) return data !== null && this.#connection.run(create, id, data, end, at) > 0
    if (data === null) return this.#connection.run(replaceByNothing, id, expected, at) > 0
    return this.#connection.run(replace, data, end, id, expected, at) > 0
  }

  #end(at: number, lifetime: number, ttl: number): number {
    return Math.ceil(at + secondsToKeep(lifetime, ttl, this.#gcTtl) * 1000)
  }

  #asked<T>(call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw withSqliteRemedy(error, this.#table)
    }
  }

  #sweepOnce(): number {
    return this.#asked(() => this.#connection.run(this.#statements.sweep, unixMilliseconds()))
  }

  /** It may fail: the rows are expired anyway, and a later call deletes them. */
  #sweepIfDue(): void {
    if (!this.#sweeping.isDue()) return
    try {
      if (this.#sweepOnce() === SMALL_BATCH) this.#sweeping.hasMore()
    } catch {}
  }
}

const unixMilliseconds = (): number => Math.round(now() * 1000)
