/** A prepared statement of a SQLite database. It answers at once. */
export interface SqliteStatement {
  /** Runs the statement. Returns the first row, an object with the names of the columns, or `undefined`. */
  get(...values: never[]): unknown
  /** Runs the statement. Returns all rows. */
  all(...values: never[]): unknown[]
  /** Runs the statement. */
  run(...values: never[]): {
    /** How many rows the statement has changed. */
    readonly changes: number | bigint
  }
}

/** A `Database` of better-sqlite3 (12), or a `DatabaseSync` of `node:sqlite`. The store recognises it by these methods. */
export interface SqliteDatabase {
  /** Prepares a statement. */
  prepare(text: string): SqliteStatement
  /** Runs statements without values. */
  exec(text: string): unknown
}

/** The options of `SqliteStore`. Only `database` is required. */
export interface SqliteStoreOptions {
  /** You open the database, and you close it after the server has closed. The store does neither. */
  readonly database: SqliteDatabase
  /** The name of the table, at most 50 bytes. @default 'starsessions' */
  readonly table?: string
  /**
   * How long a session lives if the `lifetime` is 0 and nobody reads it, in seconds. At most 400 days.
   * @default 2592000 (30 days)
   */
  readonly gcTtl?: number
}
