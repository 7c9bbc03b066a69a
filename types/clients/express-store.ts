/** A store of express-session, such as `new RedisStore({ client })` of connect-redis. */
export interface ExpressSessionStore {
  /** Reads a session, and calls back with it, or with nothing. */
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown
  /** Stores a session, and calls back. */
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown
  /** Removes a session, and calls back. */
  destroy(sid: string, callback: (error?: unknown) => void): unknown
}

/** The options of `fromExpressStore()`. */
export interface ExpressStoreOptions {
  /**
   * For how many seconds the store keeps a session with `lifetime` 0.
   * @default 86400 (a day)
   */
  readonly gcTtl?: number
  /**
   * `true`: the store gets the SHA-256 of the session id, in hex. So nobody can take over sessions with a dump of the
   * database, and an id can never be a path. `false`: the store gets the id itself, with characters of
   * `[A-Za-z0-9._~+/=-]`. It comes from a cookie, so a store that keeps files must not get it.
   * @default true
   */
  readonly hashIds?: boolean
}
