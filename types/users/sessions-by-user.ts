/**
 * Why a session has ended.
 *
 * - `logout`: `destroy()`, `clear()`, or `bindTo()` for another user.
 * - `ended`: `end()` or `endAll()` of `app.sessionsOf()`.
 * - `evicted`: the user had too many sessions, or the store had no room.
 * - `expired`: its time is over.
 */
export type EndReason = 'logout' | 'ended' | 'evicted' | 'expired'

/** What `enlist` gets besides the record. All times are Unix times in seconds, with a fraction. */
export interface Listing {
  /**
   * A name for the user: 43 characters of `[A-Za-z0-9_-]`. It is a hash of the cookie name and the user's id, so the
   * store learns no user ids, and two registrations have separate lists.
   */
  readonly user: string
  /** The public name of the session: 16 characters of `[A-Za-z0-9_-]`. It stays the same under a new id. */
  readonly handle: string
  /** When the user proved who they are, by the clock of the process that asked. */
  readonly authenticatedAt: number
  /** When the session ends, however active it is. From then on the store can forget the entry. */
  readonly endsAt: number
  /**
   * Bytes to keep with the entry, at most 1,024. The store does not know what they mean. `undefined`: keep the label of
   * the entry, if there is one.
   */
  readonly label: Uint8Array | undefined
  /**
   * `false`: a login. `true`: a session that is in the list already gets one more id, because of `regenerateId()` or
   * because the user logged in again. Its entry keeps the ids that it has.
   */
  readonly isListed: boolean
  /** How many sessions the user can have. At least 1. */
  readonly max: number
  /** What to do about a login if the user has `max` sessions already. */
  readonly whenFull: 'end-oldest' | 'refuse'
}

/**
 * The answer of `enlist`. With `enlisted: true`, the record and the entry are stored, and `evicted` has the handles of
 * the sessions that were ended to make room. With `enlisted: false`, nothing is stored.
 *
 * - `ended`: somebody has ended the session, or all sessions of the user, meanwhile.
 * - `full`: the user has `max` sessions, and `whenFull` is `'refuse'`.
 */
export type Enlisted = { enlisted: true; evicted: readonly string[] } | { enlisted: false; reason: 'ended' | 'full' }

/** One session in the answer of `list`. */
export interface ListEntry {
  /** The public name of the session. */
  readonly handle: string
  /** The latest `authenticatedAt` that `enlist` got for this handle. */
  readonly authenticatedAt: number
  /** The `endsAt` of the last `enlist`. */
  readonly endsAt: number
  /** The bytes of the label, or `undefined` if there are none. */
  readonly label: Uint8Array | undefined
  /**
   * In how many seconds the store will delete the record, if nobody uses it. If the session has several ids, the
   * longest time counts. `undefined` if the store cannot tell.
   */
  readonly ttl: number | undefined
}

/** Which sessions `end` has to end. */
export interface WhichSessions {
  /** Only the session with this handle. Without it, all sessions of the user. */
  readonly only?: string | undefined
  /** All sessions but the one with this handle. */
  readonly except?: string | undefined
  /**
   * The Unix time of the call in seconds, by the clock of the process that asks. Unless there is `only`, the store
   * remembers it for an hour or longer, and refuses each later login whose `authenticatedAt` is before it.
   */
  readonly at: number
}

/**
 * The sessions of each user: the part of a store that lists them, ends them and limits their number. The store keeps an
 * entry for each handle. An entry has the ids of the session's records: usually one, two during a rotation, and several
 * if parallel requests gave the session new ids.
 *
 * What must hold, in every order of calls of all processes, also if a process dies between two calls:
 *
 * 1. A record that `enlist` has stored is in the entry of its handle until the record is gone, or until `delist` takes
 *    it out. So no session is alive and not in the list.
 * 2. When `end` resolves, no record of the ended sessions can be read or replaced any more. That includes a record
 *    whose `enlist` began before and stores it later.
 * 3. A user never has more than `max` sessions that are alive and whose `enlist` got this `max`.
 * 4. An entry goes with its last record, also if that record expires. Nobody has to clean up. If the record has
 *    expired, or a process died, the entry may count for another minute, but `list` does not return it.
 *
 * A rejection says that the store is broken, as everywhere (`FST_SESSION_STORE`). A store with `byUser` also needs
 * `replace`, unless it `ownsIds`.
 */
export interface SessionsByUser {
  /**
   * Stores a new record, together with its entry in the list of the user. For whoever ends sessions, both appear in one
   * step. In this order:
   *
   * 1. If `isListed`, there must be an entry for the handle, and nobody must have ended it. Otherwise the answer is
   *    `ended`.
   * 2. If it is a login, and the user's sessions were all ended after `authenticatedAt`, the answer is `ended`.
   * 3. If it is a login and the user has `max` sessions, the store refuses it (`full`), or ends the sessions with the
   *    earliest `authenticatedAt` until there is room.
   * 4. If there is a record under the id already, the answer is `ended`, unless it has exactly these bytes. Then an
   *    earlier attempt of this call has arrived.
   *
   * If the store `ownsIds`, `sessionId` and `data` are empty. The call then makes the entry only, and `write` follows.
   * @param sessionId a new id, which nobody else knows
   * @param data the record
   * @param lifetime as for `write`
   * @param ttl as for `write`. The record must not live longer than until `listing.endsAt`
   */
  enlist(
    sessionId: string,
    data: Uint8Array,
    lifetime: number,
    ttl: number,
    listing: Listing
  ): Enlisted | Promise<Enlisted>

  /**
   * Takes an id out of the entry of its handle, because its record is gone, was replaced by a tombstone or no longer
   * belongs to the user. The entry goes with its last id. It is not an error if there is no such entry or id.
   *
   * The store must leave the record as it is. If the store `ownsIds`, `sessionId` is empty, and the entry goes.
   */
  delist(sessionId: string, user: string, handle: string): unknown

  /**
   * Lists the sessions of a user that are alive, in any order.
   * @returns one entry for each handle. No entry without a living record
   */
  list(user: string): readonly ListEntry[] | Promise<readonly ListEntry[]>

  /**
   * Ends sessions of a user: deletes their records and entries. When it resolves, nobody can read or replace any of
   * these records, and no `enlist` that began before can store one. If it rejects, it has ended some or none, and the
   * others are still in the list.
   * @returns the handles of the ended sessions
   */
  end(user: string, which: WhichSessions): readonly string[] | Promise<readonly string[]>

  /**
   * Whether the session is in the list and alive. Only a store that `ownsIds` needs it: the library asks on each load
   * of a session that belongs to a user, and does not open the session if the answer is `false`.
   */
  isListed?(user: string, handle: string): boolean | Promise<boolean>

  /**
   * Calls `listener` soon after sessions have ended, wherever it happened. The store may lose calls, because the
   * library also asks `list` from time to time.
   * @param listener gets the handles, and the reason
   * @returns a function that ends the subscription
   */
  readonly watch?: ((listener: (handles: readonly string[], reason: EndReason) => void) => () => void) | undefined
}
