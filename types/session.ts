import type { Duration } from './options.ts'

/**
 * The application's own session data. Augment it once, and every session of the application is typed:
 *
 * ```ts
 * declare module 'fastify-starsessions' {
 *   interface SessionData { user?: string; visits?: number }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented
export interface SessionData {}

/** `SessionData` once it is augmented; before that, anything goes. */
// biome-ignore lint/suspicious/noExplicitAny: without a declaration, data are whatever the application makes of them
export type DefaultData = keyof SessionData extends never ? Record<string, any> : SessionData

/** What the library knows about a session besides its data. All times are Unix times in seconds, with a fraction. */
export interface SessionMetadata {
  /** The lifetime in seconds: the configured one, or what `session.options()` shortened it to. 0: until the browser closes. */
  readonly lifetime: number
  /** When the session was created. It survives `regenerateId()`; `regenerate()` starts it anew. */
  readonly created: number
  /** When the stored record was last written. */
  readonly lastAccess: number
}

/** What `session.options()` takes. Unknown keys are ignored, but other spellings of these names throw. */
export interface SessionCookieOptions {
  /**
   * Seconds that the browser keeps this session's cookie: it can only shorten what the configuration says.
   * Fractions are dropped, and less than 1 is 1: a browser may keep no cookie for less.
   * `null`: until the browser closes ("remember me" was not ticked).
   */
  maxAge?: number | null | undefined
  /**
   * Shortens this session, on the server and in its cookie: it ends this long after the call, or earlier where the
   * configuration says so. Rolling: after this long without a response that loaded it. With the configured `lifetime` 0
   * the cookie stays until the browser closes, and the server ends the session.
   *
   * At least 1 second. The same value again does not count anew, unless `regenerateId()` was called before it. A
   * `lifetime` that is not below the configured one lifts an earlier limit.
   */
  lifetime?: Duration | undefined
}

/** The members of a session. None of them can be overwritten: an assignment to one throws `FST_SESSION_KEY`. */
export interface SessionMembers<D extends object = DefaultData> {
  /** The value of a data key; `undefined` where there is none. Reaches keys that carry a member's name, too. */
  get<K extends keyof D & string>(key: K): D[K] | undefined
  get(key: string): unknown
  /**
   * Sets a data key. `undefined` deletes it.
   * @throws `FST_SESSION_KEY` for `__metadata__`, which is the library's
   */
  set<K extends keyof D & string>(key: K, value: D[K] | undefined): void
  set(key: string, value: unknown): void
  has(key: string): boolean
  /** @returns whether the key was there */
  delete(key: string): boolean
  /** Deletes all data. With the response, the record is removed from the store and the cookie is cleared. */
  clear(): void
  /** A shallow copy of all data, with the keys that carry a member's name. */
  data(): D
  /**
   * The same. `JSON.stringify(session)` and Fastify's response schemas call it, so a response holds session data only,
   * never a member such as the id. A data key that carries a member's name is in it.
   */
  toJSON(): D

  /** The session's id, also before the first save; `undefined` for a cookie store's unsaved session. */
  readonly id: string | undefined
  /** Nothing of it is in the store yet. */
  readonly isNew: boolean
  /** The data differ from what is stored. Nested changes count; spacing or number spelling in the record does not. */
  readonly isModified: boolean
  /**
   * There are no data. `false` for empty objects and arrays, too, although a new session that holds nothing else is not
   * stored.
   */
  readonly isEmpty: boolean
  readonly metadata: SessionMetadata
  /**
   * Whole seconds until the session ends, rounded up. Fixed: `created + lifetime - now`. Rolling: the smaller of
   * `lifetime` and what is left of `absoluteLifetime`. With `lifetime` 0: what is left of `absoluteLifetime`, and
   * `undefined` without one. A `lifetime` of `session.options()` makes it less.
   */
  readonly remainingSeconds: number | undefined

  /**
   * A new id for the same data: call it when somebody's privileges change (OWASP: session fixation). Takes effect at
   * once; the old id is dead when the response is sent. It does not prolong the session.
   *
   * Of one session, at most 16 requests at once can do so: for more of them the commit is `FST_SESSION_GONE`.
   */
  regenerateId(): Promise<void>
  /**
   * A new session under a new id that keeps only the listed keys; `created` starts anew.
   * @param keep the keys to keep; without it: none
   */
  regenerate(keep?: readonly (keyof D & string)[] | readonly string[]): Promise<void>
  /**
   * Removes the session from the store now. The cookie is cleared with the response. The session is then new and empty.
   *
   * It ends a record that cannot be used as well (another key, a shorter lifetime, damaged), and every session that came
   * out of this one by `regenerateId()` or `regenerate()`.
   * @throws `FST_SESSION_STORE`; `FST_SESSION_GONE` when the session was loaded more than 55 seconds ago and is missing: it
   *   may have a new id, which nobody here knows any more
   */
  destroy(): Promise<void>
  /**
   * Commits now instead of with the response: before `reply.hijack()`, in a long stream.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_CONFLICT`; `FST_SESSION_GONE`
   *   when the session has ended, or another request has just given it a new id, and there is something to save
   */
  save(): Promise<void>
  /**
   * Atomic read-modify-write, durable when it resolves: `fn` gets this session with the newest stored data and the changes
   * not saved yet, and runs again on the newer data when another request was faster. So it may run several times: let it
   * change the session and nothing else. A call of `save()`, `destroy()`, `reload()` or `update()` inside `fn` rejects with
   * `FST_SESSION_OPTIONS`; other calls of the request wait for their turn. What `fn` throws is thrown on, and nothing is
   * written. A session that is not stored yet is just changed.
   *
   * A store without `replace` can promise this for the requests of one process only.
   * @param fn synchronous or asynchronous; keep it short, because others of this session wait for it. An asynchronous one has
   *   the time of the option `storeTimeout`
   * @returns what `fn` returned
   * @throws `FST_SESSION_GONE` when the session has ended, `FST_SESSION_STORE` when the store could not tell whether it was
   *   written (`fn` is not run again then), or `fn` took too long, `FST_SESSION_CONFLICT` after 12 attempts
   */
  update<T>(fn: (session: Session<D>) => T | Promise<T>): Promise<T>
  /**
   * Forgets unsaved changes and reads again. A session that is gone is then new and empty.
   * @throws `FST_SESSION_STORE`
   */
  reload(): Promise<void>
  /**
   * How long this session and its cookie last, where that is less than the configuration says. Kept with the session, also
   * under a new id; `regenerate()` and `destroy()` drop it.
   * @throws `FST_SESSION_OPTIONS` for a `maxAge` that is neither `null` nor a number, or a `lifetime` that is no duration
   */
  options(options: SessionCookieOptions & Record<string, unknown>): void
}

/**
 * A loaded session. Its data are plain properties (`session.cart`, `delete session.cart`, `Object.keys(session)`,
 * `{ ...session }`); everything else are members that no data key can shadow.
 */
export type Session<D extends object = DefaultData> = D & SessionMembers<D>

/**
 * What a request has for a session that was registered under another `name`. The application says so once:
 *
 * ```ts
 * declare module 'fastify' {
 *   interface FastifyRequest extends NamedSession<'admin', { operator?: string }> {}
 * }
 * ```
 */
export type NamedSession<Name extends string, D extends object = DefaultData> = {
  /**
   * The loaded session.
   * @throws `FST_SESSION_NOT_LOADED` before it is loaded
   */
  readonly [Key in Name]: Session<D>
} & {
  /** Whether it can be read. Never throws. */
  readonly [Key in `is${Capitalize<Name>}Loaded`]: boolean
} & {
  /** Loads it, at most once a request. */
  readonly [Key in `load${Capitalize<Name>}`]: <Data extends object = D>() => Promise<Session<Data>>
}
