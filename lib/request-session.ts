import type { Log } from '../types/options.ts'
import type { Session } from '../types/session.ts'
import { SessionGoneError, SessionOptionsError } from './errors.ts'
import type { InFlight } from './in-flight.ts'
import type { CookieAction, SessionManager } from './session-manager.ts'

const NONE: CookieAction = { kind: 'none' }

/** One request's session: loaded once, changed by one operation at a time, and what its cookie has come to. */
export class RequestSession {
  readonly #manager: SessionManager
  readonly #cookie: string | undefined
  readonly #log: Log
  readonly #inFlight: InFlight
  readonly #onSaved: (action: CookieAction) => void
  #loading: Promise<Session> | null = null
  #last: Promise<unknown> = Promise.resolve()
  /** The function of an `update()` is running. */
  #updating = false

  session: Session | null = null
  /** What the response has to do about the cookie, as far as it has come. */
  action: CookieAction = NONE
  /** A handler's own save() has put the cookie on the raw response. */
  announced = false
  /** The response's commit has run: it runs once, however often the hook does. */
  settled = false

  /**
   * @param cookie the cookie's value, as it came
   * @param inFlight told of each operation that changes the store
   * @param onSaved told when `save()` or `destroy()` has changed what becomes of the cookie, before the response
   */
  constructor(
    manager: SessionManager,
    cookie: string | undefined,
    log: Log,
    inFlight: InFlight,
    onSaved: (action: CookieAction) => void
  ) {
    this.#manager = manager
    this.#cookie = cookie
    this.#log = log
    this.#inFlight = inFlight
    this.#onSaved = onSaved
  }

  load(): Promise<Session> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  commit(): Promise<void> {
    return this.#inTurn(async (session) => {
      this.#settle(await this.#unlessGone(this.#manager.commit(session, this.#log)))
    })
  }

  async #load(): Promise<Session> {
    const commands = {
      save: () => this.#asked('save', () => this.commit()),
      destroy: () => this.#asked('destroy', () => this.#inTurn((session) => this.#destroy(session))),
      reload: () => this.#asked('reload', () => this.#inTurn((session) => this.#manager.reload(session, this.#log))),
      update: <T>(fn: (session: Session) => T | Promise<T>) => this.#asked('update', () => this.#update(fn))
    }
    try {
      this.session = await this.#manager.load(this.#cookie, commands, this.#log)
      return this.session
    } catch (error) {
      // The next call tries again.
      this.#loading = null
      throw error
    }
  }

  async #destroy(session: Session): Promise<void> {
    await this.#manager.destroy(session)
    if (this.#cookie !== undefined || this.action.kind === 'issue') this.#settle({ kind: 'clear' })
  }

  /** What a handler asked for: the cookie may be needed before the response is Fastify's to send. */
  async #asked<T>(member: string, operation: () => Promise<T>): Promise<T> {
    if (this.#updating) {
      throw new SessionOptionsError(`session.${member}() was called while session.update() runs: call it afterwards`)
    }
    const result = await operation()
    if (this.action !== NONE) {
      this.announced = true
      this.#onSaved(this.action)
    }
    return result
  }

  #update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    return this.#inTurn(async (session) => {
      const guarded = async (newest: Session) => {
        // What waits for its turn while it holds the turn would wait forever.
        this.#updating = true
        try {
          return await fn(newest)
        } finally {
          this.#updating = false
        }
      }
      const { result, action } = await this.#unlessGone(this.#manager.update(session, guarded, this.#log))
      this.#settle(action)
      return result
    })
  }

  /** An earlier save() of this request may have issued a cookie for a session that has ended since. */
  #unlessGone<T>(commit: Promise<T>): Promise<T> {
    return commit.catch((error: unknown) => {
      if (error instanceof SessionGoneError) this.action = NONE
      throw error
    })
  }

  #settle(action: CookieAction): void {
    if (action.kind !== 'none') this.action = action
  }

  /** Two operations at once would both start from the same record. */
  #inTurn<T>(operation: (session: Session) => Promise<T>): Promise<T> {
    const turn = this.#inFlight.add(this.#last.then(async () => operation(await this.load())))
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
