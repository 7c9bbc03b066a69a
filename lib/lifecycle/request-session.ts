import type { Session } from '../../types/session.ts'
import { type MaybePromise, promised, settle, when } from '../base/when.ts'
import { cannotSendCookie, isInstance, SessionGoneError } from '../errors.ts'
import type { CookieValue } from '../http/cookie.ts'
import { hasSameValues, isAsLoaded } from '../record/changed.ts'
import { copyOf } from '../record/codec.ts'
import { type Data, idOf } from '../record/record.ts'
import { stateOf } from '../session/session.ts'
import type { Log } from '../settings.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { InFlight } from './order/in-flight.ts'
import { OneByOne } from './order/one-by-one.ts'
import { Unawaited } from './order/unawaited.ts'
import { calledInside, callInside, isInside } from './order/update-function.ts'
import { type CookieOutlet, isNewId, NONE, type Outcome, outcomeAfter } from './outcome.ts'
import { tellSuperseded } from './refusals.ts'
import { SessionLoader } from './session-loader.ts'
import type { Review } from './status.ts'

/** Holds the session of one request, loads it once, and runs its commands one after the other. */
export class RequestSession extends SessionLoader {
  readonly #outlet: CookieOutlet
  readonly #order: OneByOne
  #unawaited: Unawaited | null = null
  #outcome: Outcome = NONE
  /** The properties of the session after the last commit. `null` if they were those of the record that was loaded. */
  #committed: Readonly<Data> | null = {}

  /**
   * @param requestCookie the values of the request's cookie
   * @param inFlight gets each operation, so that closing can wait for its end
   */
  constructor(lifecycle: Lifecycle, requestCookie: CookieValue, log: Log, inFlight: InFlight, outlet: CookieOutlet) {
    super(lifecycle, requestCookie, log)
    this.#outlet = outlet
    this.#order = new OneByOne(inFlight)
  }

  /** The outcome of the commits so far. Read it only after the session is loaded. */
  get outcome(): Outcome {
    const ofFailure = this.lifecycle.outcomeOfFailure(this.session as Session)
    return ofFailure === NONE ? this.#outcome : ofFailure
  }

  /**
   * Commits the session for the response. Call this only after the session is loaded.
   * @returns the outcome, or a promise of it. `undefined` if there was nothing to commit, because most responses only
   *   read their session
   */
  finish(): MaybePromise<Outcome> | undefined {
    const session = this.session as Session
    if (!this.#order.isFree || this.#unawaited?.isSettled === false) return this.#finishAfterOthers()
    const review = this.lifecycle.reviewer.tryReview(session)
    if (review?.status !== 'unchanged' && review?.status !== 'new-empty') return this.#finishNow(review)
    this.#noteCommitted(session, review)
    return undefined
  }

  /** If a command failed and nobody waited for it, its error becomes the response. Then nothing else is stored. */
  async #finishAfterOthers(): Promise<Outcome> {
    await this.#unawaited?.ended()
    const failed = this.#unawaited?.tell()
    if (failed !== undefined) throw this.#withholdIfGone(this.noteUnavailable(failed))
    return this.#finishNow()
  }

  #finishNow(review?: Review): MaybePromise<Outcome> {
    return this.#commit(review, (session) => tellSuperseded(idOf(stateOf(session).remnant), this.log))
  }

  /**
   * @param review a review that was made just now, if no command has begun since then
   * @param superseded called if nothing was stored because the browser has a newer session
   */
  #commit(review?: Review, superseded?: (session: Session) => void): MaybePromise<Outcome> {
    return this.#inTurn((session) =>
      this.#changeStore(
        session,
        (waited) => this.lifecycle.commit(session, this.log, this.#outlet.canSendCookie, waited ? undefined : review),
        ({ kind }) => (kind === 'superseded' ? superseded?.(session) : this.#noteCommitted(session))
      )
    )
  }

  #noteCommitted(session: Session, review?: Review): void {
    const isTheSame = review !== undefined && review.data === stateOf(session).stored?.snapshot
    this.#committed = isTheSame ? null : copyOf(session as unknown as Data)
  }

  /** Runs a step that changes the store, and remembers the step's outcome. */
  #changeStore(
    session: Session,
    step: (waited: boolean) => MaybePromise<Outcome>,
    then: (outcome: Outcome) => void = () => undefined
  ): MaybePromise<Outcome> {
    const done = (outcome: Outcome): Outcome => {
      this.lifecycle.tellEvicted(session, this.log)
      this.#outcome = outcomeAfter(this.#outcome, outcome)
      then(outcome)
      return outcome
    }
    const fail = (error: unknown): never => {
      throw this.#withholdIfGone(error)
    }
    return settle(
      () => this.lifecycle.alone.run(session, step),
      (outcome) =>
        outcome.kind === 'clear' && typeof this.requestCookie === 'object'
          ? this.#endOthers().then(() => done(outcome), fail)
          : done(outcome),
      fail
    )
  }

  /** Logs failed commands that nobody waited for, unless their error has become the response. */
  tellUnawaited(): void {
    this.#unawaited?.tell()
  }

  /** Whether the response's commit may issue the cookie again with the id that the browser has already. */
  get mayIssueAgain(): boolean {
    return this.session !== null && this.lifecycle.mayIssueAgain(this.session)
  }

  /** The cookie is issued again with the id that the browser has already. */
  get issuesAgain(): boolean {
    return this.#outcome.kind === 'issue' && !isNewId(this.#outcome, this.requestCookie)
  }

  /** Leaves out the cookie, unless the store still has the session under the cookie's id. */
  async withholdUnlessThere(): Promise<void> {
    const isThere = await this.lifecycle.isThere(this.session as Session).catch(() => false)
    if (!isThere) this.withhold()
  }

  withhold(): void {
    this.#outcome = NONE
  }

  /** Waits for the commands that are running. Then tells whether a commit would store or remove something. */
  async hasUnsavedChanges(): Promise<boolean> {
    return this.#inTurn((session) => this.lifecycle.reviewer.hasUnsavedChanges(session))
  }

  /**
   * Whether a loaded session has changed since its last commit. This is a quick check, which does not look inside values.
   */
  get isAltered(): boolean {
    const session = this.session as Session
    const { mustRotate, cookieChanged, stored } = stateOf(session)
    if (mustRotate || cookieChanged) return true
    return this.#committed === null
      ? !isAsLoaded(session, stored?.snapshot as Data)
      : !hasSameValues(session as unknown as Data, this.#committed)
  }

  save(): Promise<void> {
    return this.#command('save', () =>
      when(this.#commit(), ({ kind }) => {
        if (kind === 'superseded') throw this.#withholdIfGone(new SessionGoneError())
      })
    )
  }

  destroy(): Promise<void> {
    return this.#command('destroy', () => this.#inTurn((session) => this.#destroy(session)))
  }

  reload(): Promise<void> {
    return this.#command('reload', () => this.#inTurn((session) => this.lifecycle.reload(session, this.log)))
  }

  ended(): AbortSignal {
    return this.lifecycle.watch.signalOf(this.session as Session, this.#outlet)
  }

  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    return this.#command('update', () => this.#inTurn((session) => this.#update(session, fn)))
  }

  /** An earlier save() may have issued a cookie. If the session has ended since then, leave the cookie out. */
  #withholdIfGone(error: unknown): unknown {
    if (isInstance(error, SessionGoneError)) this.withhold()
    return error
  }

  async #destroy(session: Session): Promise<void> {
    await this.lifecycle.alone.run(session, () => this.lifecycle.destroy(session, this.#outlet.canSendCookie))
    await this.#endOthers()
    if (this.requestCookie !== undefined || this.outcome.kind === 'issue') this.#outcome = { kind: 'clear' }
  }

  /**
   * A request may have several cookies with the session's name, each with its own session. A logout ends all of them.
   * Otherwise the next request would open the session of another cookie.
   */
  async #endOthers(): Promise<void> {
    if (typeof this.requestCookie !== 'object') return
    for (const value of this.requestCookie) {
      const other = await this.lifecycle.load(value, this, this.log)
      await this.lifecycle.alone.run(other, () => this.lifecycle.destroy(other))
    }
  }

  async #update<T>(session: Session, fn: (session: Session) => T | Promise<T>): Promise<T> {
    // A command inside `fn` would wait for the end of `fn`, and `fn` for the command. So callInside() refuses the
    // command.
    const inside = (newest: Session) => callInside(this, this.lifecycle.timeout, () => fn(newest))
    let result: T | undefined
    await this.#changeStore(session, async () => {
      const updated = await this.lifecycle.update(session, inside, this.log, this.#outlet.canSendCookie)
      result = updated.result
      return updated.outcome
    })
    return result as T
  }

  /** Runs a command of the handler. Its failure is reported even if nobody waits for the command. */
  #command<T>(member: string, operation: () => MaybePromise<T>): Promise<T> {
    const result = promised(() => {
      if (isInside(this)) throw calledInside(member)
      return this.#runAndAnnounce(operation)
    })
    this.#unawaited ??= new Unawaited(this.log)
    const isTooLate = () => this.#outlet.commitHasBegun || !this.#outlet.canSendCookie
    return this.#unawaited.track(member, result, isTooLate)
  }

  /** Runs a command and puts the cookie on the response at once, because the handler may send the response itself. */
  #runAndAnnounce<T>(operation: () => MaybePromise<T>): MaybePromise<T> {
    const before = this.outcome
    this.unavailable = null
    return settle(
      operation,
      (result) => {
        const { outcome } = this
        if (outcome === NONE) return result
        if (this.#outlet.canSendCookie) this.#outlet.announce(outcome)
        // The headers went out during the command, so the browser does not get the new id.
        else if (isNewId(outcome, this.requestCookie) && !isSameId(outcome, before)) throw cannotSendCookie()
        return result
      },
      (error) => {
        if (this.outcome !== NONE && this.#outlet.canSendCookie) this.#outlet.announce(this.outcome)
        throw this.noteUnavailable(error)
      }
    )
  }

  #inTurn<T>(operation: (session: Session) => MaybePromise<T>): MaybePromise<T> {
    const { session } = this
    // An operation that has to wait reads `this.session` after the wait, because it may be another object by then.
    const begin =
      session !== null && this.#order.isFree ? () => operation(session) : () => when(this.loadNow(), operation)
    return this.#order.run(begin)
  }
}

const isSameId = (one: Outcome, other: Outcome): boolean =>
  one.kind === 'issue' && other.kind === 'issue' && one.value === other.value
