import { setTimeout as sleep } from 'node:timers/promises'
import type { Replaced, SessionStore } from '../../types/store.ts'
import type { PostgresStoreOptions, PostgresValue } from '../../types/stores/postgres.ts'
import type { SessionsByUser } from '../../types/users/sessions-by-user.ts'
import { ownOptions } from '../checks/option-names.ts'
import { POSTGRES_HINTS } from '../checks/other-libraries.ts'
import { SessionOptionsError } from '../errors.ts'
import { gcSeconds, isOver, MONTH_SECONDS, secondsToKeep } from './gc-ttl.ts'
import type { MoveArguments } from './move-arguments.ts'
import { type Row, type RunStatement, statementRunner } from './postgres/clients.ts'
import { hasLostRace, wasMadeTwice, withRemedy } from './postgres/faults.ts'
import { postgresSchema, type TablePlace } from './postgres/schema.ts'
import { postgresStatements, type Statement, SWEEP_BATCH } from './postgres/statements.ts'
import { PostgresUsers } from './postgres/users.ts'
import { bufferOf, keyOfRow } from './sql/row.ts'
import { Sweeping } from './sql/sweeping.ts'
import { sqlName } from './sql/table-name.ts'
import { isUnchanged } from './unchanged.ts'

/** How often a statement is sent that has lost a race. Each time, another statement has won, so this seldom happens twice. */
const MOST_RACES = 10

/**
 * Keeps sessions in PostgreSQL (13 or later), in a table with one row for each session. Call `createTable()` once.
 *
 * Each call is one statement outside of a transaction. Two cases need a second statement: a `replace` that finds other
 * bytes, and a read that prolongs. Errors of the client are thrown unchanged, unless the store knows what to do about
 * them. Then a new error says so, and has the other one as its `cause`.
 */
export class PostgresStore implements SessionStore {
  /** A read with a `ttl` also prolongs, so rolling sessions need no `touch`. */
  readonly readProlongs = true
  /** The sessions of each user, in the same table. */
  readonly byUser: SessionsByUser
  readonly #place: TablePlace
  readonly #run: RunStatement
  readonly #statements: ReturnType<typeof postgresStatements>
  readonly #gcTtl: number
  readonly #sweeping = new Sweeping()

  /**
   * @param options only `client` is required
   * @throws `FST_SESSION_OPTIONS` if the client is not supported, or an option is unknown or wrong
   */
  constructor(options: PostgresStoreOptions) {
    const known = ['client', 'table', 'schema', 'gcTtl', 'prepare']
    const own = ownOptions('PostgresStore', options, known, POSTGRES_HINTS)
    const { client, table = 'starsessions', schema, gcTtl, prepare = true } = own
    if (typeof prepare !== 'boolean') throw new SessionOptionsError('PostgresStore: prepare must be true or false')
    this.#place = {
      table: sqlName('PostgresStore', 'table', table),
      schema: schema === undefined ? undefined : sqlName('PostgresStore', 'schema', schema)
    }
    this.#gcTtl = gcSeconds('PostgresStore', gcTtl, MONTH_SECONDS)
    this.#run = statementRunner(client, prepare)
    this.#statements = postgresStatements(this.#place)
    this.byUser = new PostgresUsers(this.#place, {
      ask: (statement, values) => this.#ask(statement, values),
      seconds: (lifetime, ttl) => (isOver(lifetime, ttl) ? undefined : secondsToKeep(lifetime, ttl, this.#gcTtl))
    })
  }

  /**
   * Makes the table and its indexes, unless they are there. The user of the client needs the right to do so. Or let a
   * migration do it: `npx fastify-starsessions schema postgres` prints the statements.
   */
  async createTable(): Promise<void> {
    for (const text of postgresSchema(this.#place)) {
      try {
        await this.#run({ text }, [])
      } catch (error) {
        if (!wasMadeTwice(error)) throw withRemedy(error, this.#place)
      }
    }
  }

  /**
   * Deletes all rows whose time is over. Writes do so as well, about every quarter of an hour. So call it only from a
   * job, for example if your processes do not live that long.
   * @returns how many rows it deleted
   */
  async sweep(): Promise<number> {
    let total = 0
    for (;;) {
      const [row] = await this.#ask(this.#statements.sweep, [])
      const count = Number(row?.count)
      total += count
      if (count < SWEEP_BATCH) return total
    }
  }

  /**
   * Compares the names of the tables, not the clients, because two clients may be connected to one database. A table
   * without a `schema` may be in any schema.
   * @returns whether both stores may keep sessions in the same table
   */
  sharesRecordsWith(other: SessionStore): boolean {
    if (!(other instanceof PostgresStore)) return false
    // A Proxy has no private members.
    if (!(#place in other)) return true
    const [one, two] = [this.#place, other.#place]
    return one.table === two.table && (one.schema ?? two.schema) === (two.schema ?? one.schema)
  }

  /**
   * Reads a session. If the `lifetime` is 0, or with a `ttl`, reading also prolongs the session, once less than 95 % of
   * the time is left.
   */
  async read(sessionId: string, lifetime: number, ttl = 0): Promise<Uint8Array | null> {
    const id = keyOfRow(sessionId)
    // With lifetime 0, only this store limits the session, so it must not end while somebody uses it.
    if (lifetime !== 0 && !(ttl > 0)) return storedData(await this.#ask(this.#statements.read, [id]))
    const seconds = secondsToKeep(lifetime, ttl, this.#gcTtl)
    const rows = await this.#ask(this.#statements.readProlonging, [id, seconds])
    const due = rows[0]?.due ?? null
    if (due !== null) await this.#ask(this.#statements.prolong, [id, seconds, String(due)])
    return storedData(rows)
  }

  /** Stores a session, or removes it if no time is left. */
  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    if (isOver(lifetime, ttl)) {
      await this.remove(sessionId)
      return sessionId
    }
    await this.#ask(this.#statements.write, [keyOfRow(sessionId), bufferOf(data), ...this.#end(lifetime, ttl)])
    this.#sweepIfDue()
    return sessionId
  }

  /**
   * Stores a session if the stored bytes equal `expected`, or if `expected` is `null` and there is no session. If the
   * statement finds something else, a second statement reads it.
   */
  async replace(
    sessionId: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced> {
    const id = keyOfRow(sessionId)
    const bytes = isOver(lifetime, ttl) ? null : data
    if (expected === null && bytes === null) {
      const current = storedData(await this.#ask(this.#statements.read, [id]))
      return current === null ? { replaced: true } : { replaced: false, current }
    }
    for (let attempt = 1; ; attempt++) {
      if (await this.#swap(id, expected, bytes, lifetime, ttl)) break
      const current = storedData(await this.#ask(this.#statements.read, [id]))
      // A row that was in the way of a new one can be gone or expired a moment later.
      const isFree = expected === null && current === null
      if (!isFree || attempt === MOST_RACES) return { replaced: false, current }
    }
    if (bytes !== null) this.#sweepIfDue()
    return { replaced: true }
  }

  /** A rotation in one statement. `undefined` in a subclass, or if somebody has replaced a method. */
  get move(): SessionStore['move'] {
    return isUnchanged(this, PostgresStore) ? this.#move : undefined
  }

  async #move(
    ...[sessionId, expected, tombstone, tombstoneTtl, newId, data, lifetime, ttl]: MoveArguments
  ): Promise<Replaced> {
    const id = keyOfRow(sessionId)
    const old = [id, bufferOf(expected), bufferOf(tombstone), tombstoneTtl]
    const values = [...old, keyOfRow(newId), bufferOf(data), this.#end(lifetime, ttl)[0]]
    if ((await this.#ask(this.#statements.move, values)).length > 0) return { replaced: true }
    return { replaced: false, current: storedData(await this.#ask(this.#statements.read, [id])) }
  }

  /**
   * Removes a session.
   * @returns whether there was one
   */
  async remove(sessionId: string): Promise<boolean> {
    const [row] = await this.#ask(this.#statements.remove, [keyOfRow(sessionId)])
    return row !== undefined && row.alive !== null
  }

  /**
   * Sets the end of a session.
   * @returns whether there is one
   */
  async touch(sessionId: string, lifetime: number, ttl: number): Promise<boolean> {
    if (isOver(lifetime, ttl)) {
      await this.remove(sessionId)
      return false
    }
    const rows = await this.#ask(this.#statements.touch, [keyOfRow(sessionId), ...this.#end(lifetime, ttl)])
    return rows.length > 0
  }

  /** @returns whether the row was as expected, and has been changed */
  async #swap(id: Buffer, expected: Uint8Array | null, data: Uint8Array | null, lifetime: number, ttl: number) {
    const { create, replace, replaceByNothing } = this.#statements
    const [seconds, leeway] = this.#end(lifetime, ttl)
    const before = expected === null ? [] : [bufferOf(expected)]
    const statement = data === null ? replaceByNothing : expected === null ? create : replace
    const after = data === null ? [] : [bufferOf(data), seconds, ...(statement === create ? [] : [leeway])]
    return (await this.#ask(statement, [id, ...before, ...after])).length > 0
  }

  /** The seconds until the end, and the difference for which an end is not worth moving. */
  #end(lifetime: number, ttl: number): [seconds: number, leeway: number] {
    const seconds = secondsToKeep(lifetime, ttl, this.#gcTtl)
    return [seconds, Math.min(1, seconds / 100)]
  }

  async #ask(statement: Statement, values: readonly PostgresValue[], race = 1): Promise<readonly Row[]> {
    try {
      // Each time a list of its own, because a client may change it.
      return await this.#run(statement, [...values])
    } catch (error) {
      if (race === MOST_RACES || !hasLostRace(error)) throw withRemedy(error, this.#place)
      await sleep(Math.random() * 5 * race)
      return this.#ask(statement, values, race + 1)
    }
  }

  /** Nobody waits for it, and it may fail: the rows are expired anyway, and a later call deletes them. */
  #sweepIfDue(): void {
    if (this.#sweeping.isDue()) this.sweep().catch(() => undefined)
  }
}

const storedData = ([row]: readonly Row[]): Buffer | null =>
  row === undefined ? null : Buffer.from(String(row.data), 'base64')
