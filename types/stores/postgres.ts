/** A value of a statement. */
export type PostgresValue = string | number | Buffer

/** A statement. The values stand for `$1`, `$2` and so on in the text. */
export interface PostgresQuery {
  /** The name of a prepared statement. It is missing with `prepare: false`. A client may ignore it. */
  readonly name?: string
  /** SQL, always one statement. */
  readonly text: string
  /** The values. */
  values: PostgresValue[]
}

/**
 * `Pool` and `Client` of `pg` (8) and of `@neondatabase/serverless`. Or an object of your own with this method, if you
 * have another library.
 */
export interface PgClient {
  /** Runs a statement outside of a transaction. It rejects with the error of the server and its `code`. */
  query(query: PostgresQuery): PromiseLike<{
    /** The rows, each an object with the names of the columns. */
    readonly rows: readonly unknown[]
  }>
}

/** What `postgres()` of postgres.js (`postgres` 3) returns. */
export interface PostgresJsClient {
  /** Runs a statement from text. */
  unsafe(text: string, values: PostgresValue[], options: { readonly prepare: boolean }): PromiseLike<readonly unknown[]>
  /** The store never calls it, but recognises the client by it. */
  begin(work: never): unknown
}

/** A database of PGlite (`@electric-sql/pglite`): PostgreSQL in this process. The store calls its `query(text, values)`. */
export interface PGliteClient {
  /** The store never calls it, but recognises the client by it. */
  execProtocol(message: Uint8Array): unknown
}

/** A client for PostgreSQL. The store recognises it by its methods. */
export type PostgresClient = PgClient | PostgresJsClient | PGliteClient

/** The options of `PostgresStore`. Only `client` is required. */
export interface PostgresStoreOptions {
  /** You connect the client, and you close it after the server has closed. The store does neither. */
  readonly client: PostgresClient
  /** The name of the table, at most 50 bytes. @default 'starsessions' */
  readonly table?: string
  /** The schema of the table. @default the first schema in the `search_path` of the connection that has the table */
  readonly schema?: string
  /**
   * How long a session lives if the `lifetime` is 0 and nobody reads it, in seconds. At most 400 days.
   * @default 2592000 (30 days)
   */
  readonly gcTtl?: number
  /**
   * Whether the server prepares each statement once for each connection, which saves more than half of its work. Say `false` if
   * PgBouncer in transaction mode is between, and is older than 1.21 or has `max_prepared_statements = 0`.
   * @default true
   */
  readonly prepare?: boolean
}
