import type { Session } from '../../types/session.ts'
import { cannotSendCookie, isInstance, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { FirstChunk } from '../fastify/sending/first-chunk.ts'
import { type CookieAction, type CookieValue, NONE } from '../http/cookie.ts'
import { copyOf, type Data } from '../record/codec.ts'
import { stateOf } from '../session/session.ts'
import { idOf, type SessionCommands } from '../session/state.ts'
import type { Log } from '../settings.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { InFlight } from './order/in-flight.ts'
import { OneByOne } from './order/one-by-one.ts'
import { Unawaited } from './order/unawaited.ts'
import { calledInside, callInside, isInside } from './order/update-function.ts'
import { type CookieOutlet, RequestCookie } from './outcome.ts'
import { tellSuperseded } from './refusals.ts'
import type { Review } from './review.ts'

/** One request's session: loaded once, changed by one operation at a time, and what its cookie has come to. */
export class RequestSession implements SessionCommands {
  readonly #lifecycle: Lifecycle
  readonly #cookie: RequestCookie
  readonly #log: Log
  readonly #order: OneByOne
  #loading: Promise<Session> | null = null
  #unawaited: Unawaited | null = null

  session: Session | null = null
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
  constructor(lifecycle: Lifecycle, cookie: CookieValue, log: Log, inFlight: InFlight, outlet: CookieOutlet) {
    this.#lifecycle = lifecycle
    this.#cookie = new RequestCookie(cookie, outlet)
    this.#log = log
    this.#order = new OneByOne(inFlight)
  }

  /** What the response has to do about the cookie, as far as it has come; for a session that is loaded. */
  get action(): CookieAction {
    const rescue = this.#lifecycle.cookieAfterFailure(this.session as Session)
    return rescue === NONE ? this.#cookie.action : rescue
  }

  /** A handler's own save() has put the cookie on the raw response. */
  get announced(): boolean {
    return this.#cookie.announced
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
        const outcome = await this.#lifecycle.alone.run(session, (waited) =>
          this.#lifecycle.commit(session, this.#log, areHeadersSent(), waited ? undefined : review)
        )
        if (outcome.kind === 'refused') return refused(session)
        if (outcome.kind === 'clear') await this.#endOthers()
        this.#cookie.settle(outcome)
      } catch (error) {
        throw this.#cookie.without(error)
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
    if (!this.#order.isFree || this.#unawaited?.hasFailures) return this.#finishAfterOthers(areHeadersSent)
    const review = this.#lifecycle.reviewer.attempt(session)
    if (review?.status !== 'unchanged' && review?.status !== 'new-empty')
      return this.#commit(areHeadersSent, review, (loaded) => this.#refuse(loaded))
    this.left = review.data
    return undefined
  }

  /** A command that failed while nobody waited for it becomes the response: then nothing else is stored, either. */
  async #finishAfterOthers(areHeadersSent: () => boolean): Promise<void> {
    await this.#unawaited?.ended()
    const failed = this.#unawaited?.tell()
    if (failed !== undefined) throw this.#cookie.without(this.#noted(failed))
    await this.#commit(areHeadersSent, undefined, (loaded) => this.#refuse(loaded))
  }

  /** Tells the log of commands that have failed while nobody waited for them, and that no response has become. */
  tellUnawaited(): void {
    this.#unawaited?.tell()
  }

  /** The browser may get the cookie of an id again that it has already. */
  get mayReissue(): boolean {
    return this.session !== null && this.#lifecycle.mayReissue(this.session)
  }

  /**
   * Waits until the headers go out, and leaves out the cookie of an id that has been rotated away or ended meanwhile.
   * @param chunk `null`: nobody can tell when that is
   */
  async checkCookie(chunk: FirstChunk | null): Promise<void> {
    const { action } = this.#cookie
    if (action.kind !== 'issue' || this.#cookie.isNews(action) || chunk?.isThere) return
    await chunk?.there
    const isGood = chunk !== null && (await this.#lifecycle.isThere(this.session as Session).catch(() => false))
    if (!isGood) this.#cookie.action = NONE
  }

  #refuse(session: Session): void {
    this.dropped = true
    tellSuperseded(idOf(stateOf(session).remnant), this.#log)
  }

  /** Whether a commit would store, or remove, something, once what is under way is done. */
  hasUnsavedChanges(): Promise<boolean> {
    return this.#inTurn(async (session) => this.#lifecycle.reviewer.hasUnsavedChanges(session))
  }

  save(): Promise<void> {
    return this.#asked('save', () => this.commit(() => !this.#cookie.canGoOut))
  }

  destroy(): Promise<void> {
    return this.#asked('destroy', () => this.#inTurn((session) => this.#destroy(session)))
  }

  reload(): Promise<void> {
    return this.#asked('reload', () => this.#inTurn((session) => this.#lifecycle.reload(session, this.#log)))
  }

  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    return this.#asked('update', () => this.#update(fn))
  }

  async #load(): Promise<Session> {
    this.unavailable = null
    try {
      this.session = await this.#lifecycle.load(this.#cookie.brought, this, this.#log)
      return this.session
    } catch (error) {
      // Nobody may be waiting: such a failure must not end the process.
      this.#loading?.catch(() => undefined)
      // The next call tries again.
      this.#loading = null
      throw this.#noted(error)
    }
  }

  #noted(error: unknown): unknown {
    if (isInstance(error, SessionUnavailableError)) this.unavailable = error
    return error
  }

  async #destroy(session: Session): Promise<void> {
    await this.#lifecycle.alone.run(session, () => this.#lifecycle.destroy(session, !this.#cookie.canGoOut))
    await this.#endOthers()
    if (this.#cookie.brought !== undefined || this.action.kind === 'issue') this.#cookie.settle({ kind: 'clear' })
  }

  /** With the session gone, the next request would open what another cookie of the name has. */
  async #endOthers(): Promise<void> {
    const { brought } = this.#cookie
    if (typeof brought !== 'object') return
    for (const value of brought) {
      const other = await this.#lifecycle.load(value, this, this.#log)
      await this.#lifecycle.alone.run(other, () => this.#lifecycle.destroy(other))
    }
  }

  #asked<T>(member: string, operation: () => Promise<T>): Promise<T> {
    const result = isInside(this) ? Promise.reject(calledInside(member)) : this.#announced(operation)
    this.#unawaited ??= new Unawaited(this.#log)
    return this.#unawaited.own(member, result, () => this.settled || !this.#cookie.canGoOut)
  }

  /** What a handler asked for: the cookie may be needed before the response is Fastify's to send. */
  async #announced<T>(operation: () => Promise<T>): Promise<T> {
    const before = this.action
    this.unavailable = null
    const result = await operation().catch((error: unknown) => {
      if (this.action !== NONE && this.#cookie.canGoOut) this.#cookie.announce(this.action)
      throw this.#noted(error)
    })
    if (this.action === NONE) return result
    if (this.#cookie.canGoOut) this.#cookie.announce(this.action)
    else if (this.#cookie.isNews(this.action) && !isSame(this.action, before)) {
      // The headers went out while the store was being asked.
      throw cannotSendCookie()
    }
    return result
  }

  #update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    return this.#inTurn(async (session) => {
      // What waits for its turn while it holds the turn would wait for ever: callInside() notes who is inside.
      const inside = (newest: Session) => callInside(this, this.#lifecycle.timeout, () => fn(newest))
      try {
        const { result, action } = await this.#lifecycle.alone.run(session, () =>
          this.#lifecycle.update(session, inside, this.#log, !this.#cookie.canGoOut)
        )
        if (action.kind === 'clear') await this.#endOthers()
        this.#cookie.settle(action)
        return result
      } catch (error) {
        throw this.#cookie.without(error)
      }
    })
  }

  #inTurn<T>(operation: (session: Session) => Promise<T>): Promise<T> {
    const { session } = this
    // An operation that waits for others, or for the session, may find another one when it begins.
    const begin = session !== null && this.#order.isFree ? () => operation(session) : () => this.#loaded(operation)
    return this.#order.run(begin)
  }

  async #loaded<T>(operation: (session: Session) => Promise<T>): Promise<T> {
    return operation(await this.load())
  }
}

const isSame = (one: CookieAction, other: CookieAction): boolean =>
  one.kind === 'issue' && other.kind === 'issue' && one.value === other.value
