import type { Duration } from './options.ts'

/**
 * The session data of your application. Declare them once, and every session of the application is typed:
 *
 * ```ts
 * declare module 'fastify-starsessions' {
 *   interface SessionData { user?: string; visits?: number }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented
export interface SessionData {}

/** `SessionData`, if the application has declared it. Otherwise the data may be anything. */
// biome-ignore lint/suspicious/noExplicitAny: without a declaration, data are whatever the application makes of them
export type DefaultData = keyof SessionData extends never ? Record<string, any> : SessionData

/** What the library knows about a session besides its data. */
export interface SessionMetadata {
  /**
   * The lifetime in seconds: the configured one, or the shorter one of `session.options()`. 0: until the browser
   * closes.
   */
  readonly lifetime: number
  /**
   * When the session was created, as a Unix time in seconds. `regenerateId()` keeps it, and `regenerate()` sets it
   * anew.
   */
  readonly created: number
  /** When the stored record was last written, as a Unix time in seconds. */
  readonly lastAccess: number
}

/** What `session.options()` takes. It ignores unknown keys, but refuses other spellings of these two. */
export interface SessionCookieOptions {
  /**
   * How long the browser keeps the cookie of this session, in seconds. It can only shorten the configured time. A
   * fraction is dropped, and anything below 1 counts as 1.
   *
   * `null`: until the browser closes, for a login form whose "remember me" was not ticked.
   * @default the configured time
   */
  maxAge?: number | null | undefined
  /**
   * How long this session lasts from now on, on the server and in its cookie: seconds, or `{ minutes: 15 }`. At least 1
   * second. It can only shorten the configured time. If sessions are rolling, the time counts from the last response
   * that loaded the session. If the configured `lifetime` is 0, the browser keeps the cookie until it closes, and the
   * server ends the session.
   *
   * The same value again does not restart the time, unless `regenerateId()` was called before. A value that is not
   * below the configured `lifetime` removes the limit.
   * @default the configured time
   */
  lifetime?: Duration | undefined
}

/** The members of a session. An assignment to a member throws `FST_SESSION_KEY`. */
export interface SessionMembers<D extends object = DefaultData> {
  /**
   * Returns the value of a data key, or `undefined`. It also finds keys that have the name of a member, such as `id`.
   */
  get<K extends keyof D & string>(key: K): D[K] | undefined
  /**
   * Returns the value of a data key, or `undefined`. It also finds keys that have the name of a member, such as `id`.
   */
  get(key: string): unknown
  /**
   * Sets a data key, also one that has the name of a member, such as `id`. The value `undefined` deletes the key.
   * @throws `FST_SESSION_KEY` for the key `__metadata__`, which the library uses
   */
  set<K extends keyof D & string>(key: K, value: D[K] | undefined): void
  /**
   * Sets a data key, also one that has the name of a member, such as `id`. The value `undefined` deletes the key.
   * @throws `FST_SESSION_KEY` for the key `__metadata__`, which the library uses
   */
  set(key: string, value: unknown): void
  /** Returns whether there is a data key. */
  has(key: string): boolean
  /**
   * Deletes a data key.
   * @returns whether the key was there
   */
  delete(key: string): boolean
  /** Deletes all data. The response then removes the record from the store and clears the cookie. */
  clear(): void
  /** Returns a shallow copy of all data, with the keys that have the name of a member. */
  data(): D
  /**
   * Does the same as `data()`. `JSON.stringify(session)` and the response schemas of Fastify call it. So a response
   * contains session data only, never a member such as the id.
   */
  toJSON(): D

  /**
   * The id of the session. A new session has it before it is stored, but with a cookie store it is `undefined` until
   * then.
   */
  readonly id: string | undefined
  /** Whether nothing of the session is stored yet. */
  readonly isNew: boolean
  /**
   * Whether the data differ from the stored data. Nested changes count. Another spelling of the same JSON does not
   * count.
   */
  readonly isModified: boolean
  /**
   * Whether there are no data. Empty objects and arrays are data, so it is `false` for them. But a new session that
   * contains nothing else is not stored.
   */
  readonly isEmpty: boolean
  /** What the library knows about the session: its lifetime, when it was created, and when it was last written. */
  readonly metadata: SessionMetadata
  /**
   * Whole seconds until the session ends, rounded up.
   *
   * - With a fixed lifetime: `created + lifetime - now`.
   * - Rolling: `lifetime`, or what is left of `absoluteLifetime` if that is less.
   * - With `lifetime: 0`: what is left of `absoluteLifetime`, or `undefined` without one.
   *
   * A `lifetime` of `session.options()` makes it less.
   */
  readonly remainingSeconds: number | undefined

  /**
   * Binds the session to a user and gives it a new id, as `regenerateId()` does. Call it when a user has logged in. From
   * then on `app.sessionsOf(userId)` lists the session and can end it, also if it has no data. The response stores it.
   *
   * The same user again means that they have logged in again: the `handle` stays. `regenerate()`, `clear()` and
   * `destroy()` end the binding. A session of a user always has an end: its `lifetime` or `absoluteLifetime`, or else 400
   * days.
   * @param userId text that names the user for ever, for example `String(user.id)`. At most 1,000 characters
   * @param about `label`: what the list shows, for example the browser, at most 512 bytes. `authenticatedAt`: the time
   *   before the password was checked. If `endAll()` was called after that time, the commit fails with
   *   `FST_SESSION_GONE`
   * @throws `FST_SESSION_OPTIONS` if an argument is wrong, or the store cannot list sessions. The commit throws
   *   `FST_SESSION_GONE`, and `FST_SESSION_LIMIT` with `perUser: { whenFull: 'refuse' }`
   */
  bindTo(userId: string, about?: { label?: unknown; authenticatedAt?: Date | undefined }): void
  /** The id of the user that the session belongs to. */
  readonly userId: string | undefined
  /**
   * A random public name of the session of a user. It stays the same under a new id. It is safe to show, and good for
   * nothing but ending the session.
   */
  readonly handle: string | undefined
  /** When the user logged in. `undefined` if the session belongs to no user. */
  readonly authenticatedAt: Date | undefined
  /**
   * Whether the user has logged in within this time: seconds, or `{ minutes: 5 }`. `false` if the session belongs to no
   * user. If not, ask for the password again, and then call `bindTo()` again.
   * @throws `FST_SESSION_OPTIONS` if it is no duration
   */
  isFresh(within: Duration): boolean
  /**
   * Aborts when the session ends, wherever that happens, for open WebSockets, streams and long work. Its reason is
   * `'logout'`, `'ended'`, `'evicted'` or `'expired'`. In this process it aborts at once, and in other processes within
   * 30 seconds, or about a millisecond if the store is told. It is no longer watched when the connection has closed.
   */
  readonly ended: AbortSignal

  /**
   * Gives the session a new id and keeps its data. Call it when the privileges of the user change, so that nobody can
   * use an id from before (OWASP: session fixation). `id` is the new id at once. The old id is dead when the response
   * is sent. The session does not last longer.
   *
   * At most 16 overlapping requests can do this to one session. The next one fails with `FST_SESSION_GONE` when it is
   * stored.
   */
  regenerateId(): Promise<void>
  /**
   * Starts a new session with a new id that keeps only the listed keys. `created` is set anew. The old session ends
   * when the response is sent.
   * @param keep the keys to keep. @default none
   */
  regenerate(keep?: readonly (keyof D & string)[] | readonly string[]): Promise<void>
  /**
   * Removes the session from the store now. The response clears the cookie. The session is then new and empty.
   *
   * It also ends a record that cannot be used (another key, a shorter lifetime, damaged), and every session that
   * `regenerateId()` or `regenerate()` made of this one.
   * @throws `FST_SESSION_STORE` if the store failed. `FST_SESSION_GONE` if the session was loaded more than 55 seconds
   *   ago and is missing now: it may have a new id that nobody here knows
   */
  destroy(): Promise<void>
  /**
   * Stores the session now, instead of with the response. Call it before `reply.hijack()`, or in a long stream.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_CONFLICT`,
   *   `FST_SESSION_HEADERS_SENT`. `FST_SESSION_GONE` if there are changes, but the session has ended or another request
   *   has just given it a new id
   */
  save(): Promise<void>
  /**
   * Changes the session in one atomic step and stores it. `fn` gets this session with the newest stored data and your
   * unsaved changes. If another request stores the session first, `fn` runs again on the newer data. So `fn` may run
   * several times, and should change only the session. If `fn` throws, nothing is written. A session that is not stored
   * yet is only changed.
   *
   * Inside `fn`, the calls `save()`, `destroy()`, `reload()` and `update()` reject with `FST_SESSION_OPTIONS`. Other
   * calls of the request wait. Over a store without `replace`, the step is atomic only among the requests of one
   * process.
   * @param fn may be asynchronous. Keep it short, because other requests for this session wait. It has the time of the
   *   option `storeTimeout`
   * @returns what `fn` returned
   * @throws what `fn` threw. `FST_SESSION_GONE` if the session has ended. `FST_SESSION_CONFLICT` after 12 attempts.
   *   `FST_SESSION_STORE` if the store failed, or `fn` took too long. If it is unknown whether the store has written,
   *   `fn` does not run again
   */
  update<T>(fn: (session: Session<D>) => T | Promise<T>): Promise<T>
  /**
   * Drops unsaved changes and reads the session again. A session that has ended is then new and empty.
   * @throws `FST_SESSION_STORE` if the store or the encryptor failed
   */
  reload(): Promise<void>
  /**
   * Shortens this session (`lifetime`) or its cookie (`maxAge`). The session keeps these options, also under a new id.
   * `regenerate()` and `destroy()` drop them.
   * @throws `FST_SESSION_OPTIONS` if `maxAge` is neither `null` nor a number, or `lifetime` is not a duration
   */
  options(options: SessionCookieOptions & Record<string, unknown>): void
}

/**
 * A loaded session. Its data are plain properties: `session.cart`, `delete session.cart`, `Object.keys(session)`, `{
 * ...session }`. The rest are members, and no data key can hide them.
 */
export type Session<D extends object = DefaultData> = D & SessionMembers<D>

/**
 * The members of a request for a session that was registered with the option `name`. Declare them once:
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
  /** Whether the session can be read. It never throws. */
  readonly [Key in `is${Capitalize<Name>}Loaded`]: boolean
} & {
  /**
   * Loads the session. It reads the store once for each request.
   * @throws `FST_SESSION_STORE` if the store or the encryptor failed
   */
  readonly [Key in `load${Capitalize<Name>}`]: <Data extends object = D>() => Promise<Session<Data>>
}
