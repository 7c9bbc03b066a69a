import type { DefaultData, Session } from '../session.ts'

/** One session in the list of a user, for a page of "your devices". */
export interface ListedSession {
  /** The public name of the session. It is safe to show, and good for nothing but ending the session. */
  readonly handle: string
  /** When the user logged in, or logged in again. */
  readonly authenticatedAt: Date
  /**
   * When the session was last used. Only if sessions are rolling, because otherwise nothing is written when a session is
   * used. With `rolling: { every }` and in some stores, it may be a little late.
   */
  readonly lastSeen: Date | undefined
  /** When the session ends, however active it is. */
  readonly endsAt: Date
  /** What `session.bindTo(userId, { label })` got. */
  readonly label: unknown
}

/** The sessions of one user: `app.sessionsOf(userId)`. It works in any code that has the application. */
export interface SessionsOf {
  /**
   * Lists the sessions of the user that are alive, the newest login first.
   * @throws `FST_SESSION_STORE` if the store failed
   */
  list(): Promise<ListedSession[]>
  /**
   * Ends one session. When it resolves, no request can use or change the session any more.
   * @param handle the `handle` of the session
   * @returns whether there was such a session of this user
   * @throws `FST_SESSION_OPTIONS` if it is no handle. `FST_SESSION_STORE` if the store failed
   */
  end(handle: string): Promise<boolean>
  /**
   * Ends all sessions of the user, for example after a new password or for a disabled account. It also refuses each
   * login whose `authenticatedAt` is before this call.
   * @param options `except`: the handle of the session to keep, usually `session.handle`
   * @returns how many sessions were ended
   * @throws `FST_SESSION_STORE` if the store failed. Then it has ended some or none: call it again
   */
  endAll(options?: EndAllOptions): Promise<number>
}

/** What `endAll()` takes. */
export interface EndAllOptions {
  /** The handle of the session that stays. @default none */
  readonly except?: string | undefined
}

/**
 * The members of the application for a session that was registered with the option `name`. Declare them once:
 *
 * ```ts
 * declare module 'fastify' {
 *   interface FastifyInstance extends NamedSessions<'admin'> {}
 * }
 * ```
 */
export type NamedSessions<Name extends string, D extends object = DefaultData> = {
  /** The sessions of a user. */
  readonly [Key in `${Name}SessionsOf`]: (userId: string) => SessionsOf
} & {
  /** Loads the session of a browser outside a request. */
  readonly [Key in `load${Capitalize<Name>}`]: (
    cookieHeader: string | undefined,
    options?: LoadSessionOptions
  ) => Promise<Session<D>>
}

/** What `app.loadSession()` takes besides the cookie. */
export interface LoadSessionOptions {
  /**
   * Aborts when the connection closes. Then `session.ended` is no longer watched. Without it, the session is watched
   * until it ends, if `session.ended` was read.
   * @default none
   */
  readonly closed?: AbortSignal | undefined
}
