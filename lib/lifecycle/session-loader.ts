import type { Session } from '../../types/session.ts'
import { type MaybePromise, promised, settle } from '../base/when.ts'
import { isInstance, SessionUnavailableError } from '../errors.ts'
import type { CookieValue } from '../http/cookie.ts'
import type { SessionCommands } from '../session/state.ts'
import type { Log } from '../settings.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Loads the session of one request, once. After a failure the next call tries again. */
export abstract class SessionLoader implements SessionCommands {
  protected readonly lifecycle: Lifecycle
  protected readonly requestCookie: CookieValue
  protected readonly log: Log
  #loading: Promise<Session> | null = null

  session: Session | null = null
  /** The error of the handler's last command, if the store was unavailable. Otherwise `null`. */
  unavailable: SessionUnavailableError | null = null

  /** @param requestCookie the values of the request's cookie */
  constructor(lifecycle: Lifecycle, requestCookie: CookieValue, log: Log) {
    this.lifecycle = lifecycle
    this.requestCookie = requestCookie
    this.log = log
  }

  abstract save(): Promise<void>
  abstract destroy(): Promise<void>
  abstract reload(): Promise<void>
  abstract ended(): AbortSignal
  abstract update<T>(fn: (session: Session) => T | Promise<T>): Promise<T>

  load(): Promise<Session> {
    if (this.#loading !== null) return this.#loading
    const loading = promised(() => this.loadNow())
    // If nobody waits for the load, the rejection must not end the process.
    if (this.session === null) loading.catch(() => undefined)
    else this.#loading = loading
    return loading
  }

  /**
   * Loads the session for a hook, which continues at once if the store answers at once.
   * @throws `FST_SESSION_STORE`
   */
  loadNow(): MaybePromise<Session> {
    if (this.session !== null) return this.session
    if (this.#loading !== null) return this.#loading
    this.unavailable = null
    const loaded = settle(
      () => this.lifecycle.load(this.requestCookie, this, this.log),
      (session) => this.#loaded(session),
      (error) => this.#failedToLoad(error)
    )
    if (loaded instanceof Promise) {
      this.#loading = loaded
      // If nobody waits for the load, the rejection must not end the process.
      loaded.catch(() => undefined)
    }
    return loaded
  }

  #loaded(session: Session): Session {
    this.session = session
    return session
  }

  #failedToLoad(error: unknown): never {
    // The next call tries again.
    this.#loading = null
    throw this.noteUnavailable(error)
  }

  protected noteUnavailable(error: unknown): unknown {
    if (isInstance(error, SessionUnavailableError)) this.unavailable = error
    return error
  }
}
