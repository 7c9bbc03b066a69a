import type { SqliteDatabase } from '../../../types/stores/sqlite.ts'
import { isThenable } from '../../checks/answers.ts'
import { offersMethods } from '../../checks/offers-methods.ts'
import { SessionOptionsError } from '../../errors.ts'

/** A value of a statement. `node:sqlite` binds empty bytes as NULL, so statements write `ifnull(?, x'')` for bytes. */
export type SqliteValue = string | number | Buffer | null

/** A row: the names of the columns, and their values. */
export type SqliteRow = Readonly<Record<string, unknown>>

const SUPPORTED_DATABASES =
  'new Database(file) of "better-sqlite3" (12); new DatabaseSync(file) of "node:sqlite" (Node 22 and later)'

/** A database, seen by the store: statements are prepared when they are needed first. */
export class Connection {
  /** The file of the database. It is empty for a database in memory. */
  readonly file: string
  readonly #database: SqliteDatabase
  readonly #prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>()

  /** @throws `FST_SESSION_OPTIONS` if the database is not supported. The message says what was passed */
  constructor(database: SqliteDatabase) {
    const stranger = STRANGE_DATABASES.find(([methods]) => offersMethods(database, methods))
    if (stranger !== undefined) throw refusedDatabase(stranger[1])
    if (!offersMethods(database, ['prepare', 'exec'])) throw refusedDatabase(describeDatabase(database))
    this.#database = database
    const row = this.get('PRAGMA database_list')
    if (isThenable(row)) throw refusedDatabase('one that answers later: the store needs one that answers at once')
    this.file = String(row?.file ?? '')
  }

  get(text: string, ...values: SqliteValue[]): SqliteRow | undefined {
    return this.#statement(text).get(...(values as never[])) as SqliteRow | undefined
  }

  all(text: string, ...values: SqliteValue[]): SqliteRow[] {
    return this.#statement(text).all(...(values as never[])) as SqliteRow[]
  }

  /** @returns how many rows the statement has changed */
  run(text: string, ...values: SqliteValue[]): number {
    return Number(this.#statement(text).run(...(values as never[])).changes)
  }

  exec(text: string): void {
    this.#database.exec(text)
  }

  /** Runs the work in a transaction that no other process can write in. If the work throws, nothing is changed. */
  change<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  /** If the disk is full, SQLite has rolled back already, and refuses to do so again. The first error counts. */
  #rollBack(): void {
    try {
      this.exec('ROLLBACK')
    } catch {}
  }

  isSameAs(other: Connection): boolean {
    return this.file === '' ? this.#database === other.#database : this.file === other.file
  }

  #statement(text: string) {
    const known = this.#prepared.get(text)
    if (known !== undefined) return known
    const statement = this.#database.prepare(text)
    this.#prepared.set(text, statement)
    return statement
  }
}

/** Objects that applications have at hand, told by their methods. Some of them have a `prepare()` of another kind. */
const STRANGE_DATABASES: readonly (readonly [methods: readonly string[], what: string])[] = [
  [['then'], 'a promise: await it'],
  [['parallelize'], 'of the package "sqlite3", which answers later: use "better-sqlite3" or "node:sqlite"'],
  [['getDatabaseInstance'], 'of the package "sqlite", which answers later: use "better-sqlite3" or "node:sqlite"'],
  [['prepare', 'batch', 'dump'], 'a D1 database, which answers later'],
  [['$queryRawUnsafe'], 'a Prisma client: open the file with "better-sqlite3" beside it'],
  [['query', 'connect'], 'a client of PostgreSQL: use PostgresStore of "fastify-starsessions/postgres"'],
  [['unsafe', 'begin'], 'a client of PostgreSQL: use PostgresStore of "fastify-starsessions/postgres"']
]

const refusedDatabase = (what: string): Error =>
  new SessionOptionsError(`SqliteStore: database is ${what}. Supported are ${SUPPORTED_DATABASES}`)

function describeDatabase(database: unknown): string {
  if (database === undefined || database === null) return `${database}: open a database and pass it`
  if (typeof database === 'string' || database instanceof URL) return 'a path: open the file and pass the database'
  if (typeof database === 'function') return 'a class or a function: pass the database that it opens'
  if (typeof database === 'object' && '$client' in database) return 'a database of Drizzle: pass its $client'
  return 'of an unknown kind'
}
