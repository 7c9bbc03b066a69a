import type { Log } from '../types/options.ts'
import type { Session } from '../types/session.ts'
import { type CookieAction, type CookieValue, NONE, type Outcome } from './cookie.ts'
import { cannotSendCookie, SessionGoneError, SessionOptionsError, SessionUnavailableError } from './errors.ts'
import type { InFlight } from './in-flight.ts'
import { copyOf, type Data } from './record.ts'
import { tellSuperseded } from './refusals.ts'
import { type SessionCommands, stateOf } from './session.ts'
import type { Review, SessionManager } from './session-manager.ts'
import { idOf } from './session-state.ts'

/** Where the cookie goes when a handler saves the session before the response is Fastify's to send. */
export interface CookieOutlet {
  /** `false`: no header can go out any more. */
  readonly isOpen: boolean
  announce(action: CookieAction): void
}

/** One request's session: loaded once, changed by one operation at a time, and what its cookie has come to. */
export class RequestSession implements SessionCommands {
  readonly #manager: SessionManager
  readonly #cookie: CookieValue
  readonly #log: Log
  readonly #inFlight: InFlight
  readonly #outlet: CookieOutlet
  #loading: Promise<Session> | null = null
  #last: Promise<unknown> | null = null
  #running = 0
  /** The function of an `update()` is running. */
  #updating = false
  #action: CookieAction = NONE

  session: Session | null = null
  /** A handler's own save() has put the cookie on the raw response. */
  announced = false
  /** The response's commit has run: it runs once, however often the hook does. */
  settled = false
  /** The properties as the last commit left them. */
  left: Readonly<Record<string, unknown>> = {}
  /** The response goes on after its headers. */
  streams = false
  /** Nothing of the session is stored, on purpose: the response was an error, or the browser has a newer session. */
  dropped = false
  /** What the handler last asked for failed with this; `null`: it did not, or with something else. */
  unavailable: SessionUnavailableError | null = null

  /**
   * @param cookie the cookie's value, as it came, or several
   * @param inFlight told of each operation that changes the store
   * @param outlet told when `save()` or `destroy()` has changed what becomes of the cookie, before the response
   */
  constructor(manager: SessionManager, cookie: CookieValue, log: Log, inFlight: InFlight, outlet: CookieOutlet) {
    this.#manager = manager
    this.#cookie = cookie
    this.#log = log
    this.#inFlight = inFlight
    this.#outlet = outlet
  }

  /** What the response has to do about the cookie, as far as it has come. */
  get action(): CookieAction {
    const rescue = this.session === null ? NONE : this.#manager.cookieAfterFailure(this.session)
    return rescue === NONE ? this.#action : rescue
  }

  load(): Promise<Session> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  /**
   * @param areHeadersSent asked when it is this commit's turn
   * @param review where the session has just been reviewed, and nothing is under way
   */
  commit(areHeadersSent: () => boolean, review?: Review): Promise<void> {
    return this.#commit(areHeadersSent, review, () => {
      throw new SessionGoneError()
    })
  }

  /** @param refused called when nothing is stored, because the browser has the cookie of a newer session */
  #commit(
    areHeadersSent: () => boolean,
    review: Review | undefined,
    refused: (session: Session) => void
  ): Promise<void> {
    return this.#inTurn(async (session) => {
      try {
        const outcome = await this.#manager.commit(session, this.#log, areHeadersSent(), review)
        if (outcome.kind === 'refused') return refused(session)
        if (outcome.kind === 'clear') await this.#endOthers()
        this.#settle(outcome)
      } catch (error) {
        throw this.#withoutCookie(error)
      }
      this.left = copyOf(session as unknown as Data)
    })
  }

  /**
   * The response's commit, for a session that is loaded.
   * @returns `undefined` where there is nothing to wait for: most responses only read their session
   */
  finish(areHeadersSent: () => boolean): Promise<void> | undefined {
    const session = this.session as Session
    if (this.#running > 0) return this.#commit(areHeadersSent, undefined, (loaded) => this.#refuse(loaded))
    const review = attempt(() => this.#manager.review(session))
    if (review?.status !== 'unchanged' && review?.status !== 'new-empty')
      return this.#commit(areHeadersSent, review, (loaded) => this.#refuse(loaded))
    this.left = review.data
    return undefined
  }

  #refuse(session: Session): void {
    this.dropped = true
    tellSuperseded(idOf(stateOf(session).remnant), this.#log)
  }

  /** Whether a commit would store, or remove, something, once what is under way is done. */
  hasUnsavedChanges(): Promise<boolean> {
    return this.#inTurn(async (session) => this.#manager.hasUnsavedChanges(session))
  }

  save(): Promise<void> {
    return this.#asked('save', () => this.commit(() => !this.#outlet.isOpen))
  }

  destroy(): Promise<void> {
    return this.#asked('destroy', () => this.#inTurn((session) => this.#destroy(session)))
  }

  reload(): Promise<void> {
    return this.#asked('reload', () => this.#inTurn((session) => this.#manager.reload(session, this.#log)))
  }

  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    return this.#asked('update', () => this.#update(fn))
  }

  async #load(): Promise<Session> {
    this.unavailable = null
    try {
      this.session = await this.#manager.load(this.#cookie, this, this.#log)
      return this.session
    } catch (error) {
      // The next call tries again.
      this.#loading = null
      throw this.#noted(error)
    }
  }

  #noted(error: unknown): unknown {
    if (error instanceof SessionUnavailableError) this.unavailable = error
    return error
  }

  async #destroy(session: Session): Promise<void> {
    await this.#manager.destroy(session, !this.#outlet.isOpen)
    await this.#endOthers()
    if (this.#cookie !== undefined || this.action.kind === 'issue') this.#settle({ kind: 'clear' })
  }

  /** With the session gone, the next request would open what another cookie of the name has. */
  async #endOthers(): Promise<void> {
    if (typeof this.#cookie !== 'object') return
    for (const value of this.#cookie) await this.#manager.destroy(await this.#manager.load(value, this, this.#log))
  }

  /** What a handler asked for: the cookie may be needed before the response is Fastify's to send. */
  async #asked<T>(member: string, operation: () => Promise<T>): Promise<T> {
    if (this.#updating) {
      throw new SessionOptionsError(`session.${member}() was called while session.update() runs: call it afterwards`)
    }
    const known = this.action.kind === 'issue' ? this.action.value : this.#cookie
    this.unavailable = null
    const result = await operation().catch((error: unknown) => {
      if (this.action !== NONE && this.#outlet.isOpen) this.#announce()
      throw this.#noted(error)
    })
    if (this.action === NONE) return result
    if (this.#outlet.isOpen) this.#announce()
    else if (this.action.kind === 'issue' && ![known].flat().includes(this.action.value)) {
      // The headers went out while the store was being asked.
      throw cannotSendCookie()
    }
    return result
  }

  #announce(): void {
    this.announced = true
    this.#outlet.announce(this.action)
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
      try {
        const { result, action } = await this.#manager.update(session, guarded, this.#log, !this.#outlet.isOpen)
        if (action.kind === 'clear') await this.#endOthers()
        this.#settle(action)
        return result
      } catch (error) {
        throw this.#withoutCookie(error)
      }
    })
  }

  /** An earlier save() of this request may have issued a cookie for a session that has ended since. */
  #withoutCookie(error: unknown): unknown {
    if (error instanceof SessionGoneError) this.#action = NONE
    return error
  }

  #settle(action: Outcome): void {
    if (action.kind === 'ended') this.#action = NONE
    else if (action.kind !== 'none' && action.kind !== 'refused') this.#action = action
  }

  /** Two operations at once would both start from the same record. */
  #inTurn<T>(operation: (session: Session) => Promise<T>): Promise<T> {
    const { session } = this
    const isFree = this.#running === 0 && session !== null
    const turn = isFree ? operation(session) : this.#afterOthers(operation)
    this.#running++
    this.#last = this.#inFlight.add(turn, () => {
      this.#running--
    })
    return turn
  }

  async #afterOthers<T>(operation: (session: Session) => Promise<T>): Promise<T> {
    await this.#last
    return operation(await this.load())
  }
}

/** What cannot be found out now: the commit says why. */
function attempt<T>(question: () => T): T | undefined {
  try {
    return question()
  } catch {
    return undefined
  }
}
