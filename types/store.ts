/** What an atomic `replace` did: it put the new bytes there, or found other bytes (`null`: nothing) and left them. */
export type Replaced = { replaced: true } | { replaced: false; current: Uint8Array | null }

/**
 * Where sessions live: a store keeps bytes under an id, and knows nothing of what they mean.
 *
 * - What is missing, expired, malformed or tampered with is `null`, never an exception. An exception (a rejection)
 *   says that the store itself is broken; the request then fails with `FST_SESSION_STORE` and nobody is logged out.
 * - `lifetime` is the configured lifetime in seconds. `ttl` is what is left of it, in seconds, possibly with a fraction
 *   (round it up if the store counts in whole seconds): once `ttl` has passed, the data may be deleted.
 * - `lifetime` is 0 for a session that lasts until the browser closes. The store then picks a bound of its own. `ttl` is 0
 *   as well, or what is left of `absoluteLifetime` or of the session's own limit: let your bound not exceed that.
 *
 * A store with only the first three methods works. The optional ones buy cheaper rolling sessions (`touch`,
 * `readProlongs`) and safety when two requests of one session overlap (`replace`). Without `replace`, the library lets only one
 * request of a process change a session at a time.
 */
export interface SessionStore {
  /**
   * @param sessionId the id, already known to be well-formed (`[A-Za-z0-9._~+/=-]`, at most 4,096 bytes)
   * @param lifetime the configured lifetime, seconds; 0: until the browser closes
   * @param ttl only given to a store with `readProlongs`: prolong what is read to this many seconds, in the same step. With
   *   `lifetime` 0: to the store's own bound, but not beyond this
   * @returns the bytes as they were written, or `null`
   */
  read(sessionId: string, lifetime: number, ttl?: number): Promise<Uint8Array | null>

  /**
   * Puts `data` there, whatever was there before.
   * @param ttl seconds left; 0 only together with `lifetime` 0
   * @returns the session's id: the one given, unless the store `ownsIds`
   */
  write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string>

  /**
   * Removing what is not there is no error.
   * @returns `true`: it was there. Nothing, where the store cannot tell
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a method that returns nothing must fit, too
  remove(sessionId: string): Promise<boolean | void>

  /**
   * Prolongs without rewriting. Never creates.
   * @returns `true`, or `false` when there is nothing under this id any more. Anything else is an error
   */
  touch?(sessionId: string, lifetime: number, ttl: number): Promise<boolean>

  /**
   * Compare and swap: if the stored bytes equal `expected`, puts `data` there (`null`: deletes), in one atomic step.
   * Otherwise changes nothing and hands back what is there.
   */
  replace?(
    sessionId: string,
    expected: Uint8Array,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced>

  /**
   * Why `read()` has answered `null`, for the log and for the channel `starsessions:load`; the client never sees it. Asked
   * only after such an answer.
   * @returns a code of at most 40 characters (letters, digits, `_`, `.`, `-`), always the same for the same cause: each
   *   code is logged once. Anything else is logged as `other`. `undefined`: there is simply nothing under this id
   */
  explain?(sessionId: string, lifetime: number): string | undefined

  /** `read(id, lifetime, ttl)` prolongs to `ttl` in the same step, so that a rolling session needs no `touch`. */
  readonly readProlongs?: boolean

  /** The id comes out of `write` (a cookie store: the data is the id), so that it cannot be known, or bound, beforehand. */
  readonly ownsIds?: boolean

  /**
   * All methods answer in this process and ask nobody else: no server, no disk, no other thread. Such a call cannot hang, so
   * the library sets no timer for it, and the option `storeTimeout` does not apply. A timer is most of what a call of a store
   * in memory costs.
   *
   * Read once, when the plugin is registered. A subclass inherits it: say `false` there if the subclass asks somebody. The
   * library times a Proxy of a store whatever the store says. Our own stores say `true` only where nobody has changed a method.
   * @default false
   */
  readonly isLocal?: boolean

  /**
   * Whether this store finds records that `other` has written, as two stores over one database table do. A visitor could then
   * send the cookie of one session as the cookie of the other. So the library refuses two registrations with one cookie name
   * over such stores, unless they are the same session.
   *
   * Asked when the plugin is registered, and only about two registrations with one cookie name. Both stores are asked, and one
   * `true` is enough. One store object always shares its records with itself.
   * @param other any other store, as `forCookie()` returned it. A store of another kind has other records: answer `false`
   * @returns `true` also where you cannot tell. If the method throws, or returns anything but `true` or `false`, the
   *   registration fails with `FST_SESSION_OPTIONS`
   */
  sharesRecordsWith?(other: SessionStore): boolean

  /**
   * Called once when the plugin is registered, with the cookie's name.
   * @returns the store to use for that cookie; it may be a new one
   */
  forCookie?(cookieName: string): SessionStore
}
