import type { SessionsByUser } from './users/sessions-by-user.ts'

/**
 * The answer of `replace`. With `replaced: true`, the store has the new bytes. With `replaced: false`, the store has
 * changed nothing, and `current` is what it has: other bytes, or `null` if there are none.
 */
export type Replaced = { replaced: true } | { replaced: false; current: Uint8Array | null }

/**
 * Where sessions live. A store keeps bytes under an id and does not know what they mean.
 *
 * - If a record is missing, expired, malformed or tampered with, `read` answers `null`. It does not throw.
 * - An exception or a rejection says that the store itself is broken. The request then fails with `FST_SESSION_STORE`
 *   (503), and nobody is logged out.
 * - `lifetime` is the configured lifetime, in seconds. `ttl` is the time left, in seconds, possibly with a fraction.
 *   After `ttl` the store may delete the data. A store that counts in whole seconds must round up.
 * - `lifetime` is 0 for a session that lasts until the browser closes. The store then decides how long to keep the
 *   data. `ttl` is 0 as well, unless `absoluteLifetime` or the session's own limit ends the session. Then `ttl` is the
 *   time left, and the store must not keep the data for longer.
 *
 * Each method may return its answer or a promise of it. If a method answers at once, the library continues in the same
 * turn of the event loop. A method that answers at once may throw. That means the same as a rejection.
 *
 * Three methods are enough: `read`, `write` and `remove`. `touch` or `readProlongs` make rolling sessions cheaper.
 * `replace` keeps overlapping requests of one session safe, and `move` makes new ids cheaper. Without `replace`, the
 * library lets only one request of a process change a session at a time.
 */
export interface SessionStore {
  /**
   * Reads the bytes under an id.
   * @param sessionId the id: characters of `[A-Za-z0-9._~+/=-]`, at most 4,096
   * @param lifetime the configured lifetime in seconds. 0: until the browser closes
   * @param ttl given only to a store with `readProlongs`: prolong the record to this many seconds, in the same step. If
   *   `lifetime` is 0, prolong the record for as long as the store itself decides, but not beyond `ttl`
   * @returns the bytes as they were written, or `null`
   */
  read(sessionId: string, lifetime: number, ttl?: number): Uint8Array | null | Promise<Uint8Array | null>

  /**
   * Stores the bytes under an id, and replaces bytes that are there already.
   * @param sessionId the id. It is empty for a new session if the store `ownsIds`
   * @param data the bytes
   * @param lifetime the configured lifetime in seconds. 0: until the browser closes
   * @param ttl the seconds that are left. If `lifetime` is not 0 and `ttl` is 0, the time is over: nothing can be read
   *   afterwards
   * @returns the id of the session: the same one, unless the store `ownsIds`
   */
  write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): string | Promise<string>

  /**
   * Removes the bytes under an id. It is not an error if there are none.
   * @returns `true` if they were there, `false` if not, nothing if the store cannot tell
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a method that returns nothing must fit, too
  remove(sessionId: string): boolean | void | Promise<boolean | void>

  /**
   * Prolongs a record without writing it again. It never creates a record.
   * @param ttl the seconds that are left from now on
   * @returns `true`, or `false` if there is nothing under the id. Any other answer is an error
   */
  touch?(sessionId: string, lifetime: number, ttl: number): boolean | Promise<boolean>

  /**
   * Compare and swap, in one atomic step. If the stored bytes equal `expected`, the store puts `data` in their place,
   * or deletes them if `data` is `null`. Otherwise the store changes nothing and returns what is there.
   *
   * If `expected` is `null`, the store creates the record: it stores `data` only if there is nothing under the id, or
   * only a record whose time is over. Of several calls at once that create one id, exactly one succeeds.
   * `replace(id, null, null, ...)` stores nothing. It answers whether there is nothing under the id.
   * @param expected the bytes that must be there. `null`: there must be nothing. Empty bytes are bytes, not nothing
   * @param ttl the seconds that are left from now on. If `lifetime` is not 0 and `ttl` is 0, `data` count as `null`
   */
  replace?(
    sessionId: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Replaced | Promise<Replaced>

  /**
   * A rotation in one atomic step, for the time when a session gets a new id. If the stored bytes of the old id equal
   * `expected`, the store puts `tombstone` in their place and stores `data` under the new id. Otherwise the store changes
   * nothing and returns what is there. Another request must never see only one of the two changes.
   *
   * Without `move`, the library writes the new record first and then replaces the old one. That takes one call more.
   * @param sessionId the old id
   * @param expected the bytes that must be there
   * @param tombstone takes the place of these bytes for `tombstoneTtl` seconds. A read must not prolong it further than
   *   it prolongs a session
   * @param newId a new random id. Nothing is under it
   * @param data the bytes of the session under its new id
   * @param ttl the seconds that are left of the session
   */
  readonly move?:
    | ((
        sessionId: string,
        expected: Uint8Array,
        tombstone: Uint8Array,
        tombstoneTtl: number,
        newId: string,
        data: Uint8Array,
        lifetime: number,
        ttl: number
      ) => Replaced | Promise<Replaced>)
    | undefined

  /**
   * Says why `read()` has just answered `null`. The reason goes to the log and to the channel `starsessions:load`.
   * The client never sees it.
   * @returns a code of at most 40 characters (letters, digits, `_`, `.`, `-`), the same one for the same cause. Each
   *   code is logged once. Any other answer is logged as `other`. `undefined` if there is simply nothing under the id
   */
  explain?(sessionId: string, lifetime: number): string | undefined

  /**
   * `true`: `read(id, lifetime, ttl)` also prolongs the record, so a rolling session needs no `touch`.
   * @default false
   */
  readonly readProlongs?: boolean

  /**
   * `true`: `write` makes the id, as in a cookie store, where the data are the id. So nobody knows the id before
   * `write`, and an encryptor cannot bind a record to it.
   * @default false
   */
  readonly ownsIds?: boolean

  /**
   * `true`: the store encrypts the records itself. So the plugin refuses the option `encryptor`, which would encrypt them
   * twice.
   * @default false
   */
  readonly encrypts?: boolean

  /**
   * `true`: all methods answer in this process and wait for no server and no other thread, or they block the process
   * while they wait, as a SQLite database does. No timer could end such a call, so the library starts none, and the
   * option `storeTimeout` does not apply. In a store in memory, that timer would cost more than the call.
   *
   * The plugin reads `isLocal` once, at registration. A subclass inherits the value, so a subclass that asks a server
   * must say `false`. Calls of a Proxy are always timed. The stores of this package say `true` only if nobody has
   * extended them or replaced a method.
   * @default false
   */
  readonly isLocal?: boolean

  /**
   * The sessions of each user. Without it, `session.bindTo()` and `app.sessionsOf()` are refused.
   * @default none
   */
  readonly byUser?: SessionsByUser | undefined

  /**
   * Says whether this store finds records that `other` has written, for example because both use one database table. A
   * visitor could then send the cookie of one session as the cookie of another. So the plugin refuses two registrations
   * with one cookie name over such stores, unless they are the same session.
   *
   * The plugin asks at registration, and only if two registrations have one cookie name. It asks both stores, and one
   * `true` is enough. A store object always shares records with itself.
   * @param other the other store, as its `forCookie()` returned it. It may be of any kind
   * @returns whether they share records. Return `true` as well if the store cannot tell. If the method throws or
   *   returns anything but `true` or `false`, the registration fails with `FST_SESSION_OPTIONS`
   */
  sharesRecordsWith?(other: SessionStore): boolean

  /**
   * Called once, when the plugin is registered.
   * @param cookieName the name of the cookie
   * @returns the store to use for that cookie: this store or a new one
   */
  forCookie?(cookieName: string): SessionStore
}
