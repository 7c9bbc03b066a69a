import type { Session } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import { type MaybePromise, when } from '../base/when.ts'
import { newSessionId } from '../crypto/random.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { cannotSendCookie, SessionGoneError } from '../errors.ts'
import { type CookieValue, isSafeValue } from '../http/cookie.ts'
import { boundIn } from '../metadata.ts'
import { changeProlongs, isProlongedByAll } from '../record/expiry.ts'
import { type Data, type Found, idOf, MISSING } from '../record/record.ts'
import { Records } from '../record/records.ts'
import { firstThatOpens } from '../record/several-cookies.ts'
import type { UserSessions } from '../record/user-sessions.ts'
import { alignRecord, changeData, createSession, resetData, stateOf } from '../session/session.ts'
import { type SessionCommands, type SessionKind, type SessionState, stateFor } from '../session/state.ts'
import type { Expiry, Log, Settings } from '../settings.ts'
import { Committer } from './commit.ts'
import { end, endRemnant } from './ending.ts'
import { Alone } from './order/alone.ts'
import { Updates } from './order/updates.ts'
import { CLEAR, NONE, type Outcome, SUPERSEDED } from './outcome.ts'
import { Refusals } from './refusals.ts'
import { needsCookie, type Review, Reviewer } from './status.ts'
import { EndWatch } from './users/end-watch.ts'
import { Evictions } from './users/evictions.ts'

/**
 * Loads, commits and ends sessions in a store. Knows nothing of HTTP, so a commit returns an `Outcome` and no header.
 */
export class Lifecycle {
  readonly #expiry: Expiry
  readonly #records: Records
  readonly #committer: Committer
  readonly #kind: SessionKind
  readonly #refusals = new Refusals()
  readonly alone: Alone
  /** Seconds that a function of `update()` may take. */
  readonly timeout: number
  readonly reviewer: Reviewer
  readonly watch: EndWatch
  readonly #evictions = new Evictions()
  readonly #updates: Updates

  constructor(settings: Settings) {
    this.#expiry = settings.expiry
    this.alone = new Alone(settings.store)
    this.timeout = settings.storeTimeout
    this.#records = new Records(settings)
    this.#committer = new Committer(settings, this.#records)
    this.reviewer = new Reviewer(settings.expiry, this.#records)
    this.watch = new EndWatch(this.#records)
    this.#updates = new Updates(settings.expiry, this.#records, {
      swap: (...args) => this.#swap(...args),
      commit: (...args) => this.commit(...args)
    })
    const { codec, ownsIds, canBind, users } = this.#records
    this.#kind = {
      expiry: settings.expiry,
      newId: () => (ownsIds ? undefined : newSessionId()),
      canBind,
      labelOf: (label) => users.labelOf(label),
      recordOf: (data, metadata) => codec.recordOf(data, metadata),
      isChanged: (data, stored) => this.#records.changes.bodyIfChanged(data, stored) !== undefined
    }
  }

  /**
   * @param value the value of the request's cookie. If there are several, the first one that opens a session counts
   * @throws `FST_SESSION_STORE`
   */
  load(value: CookieValue, commands: SessionCommands, log: Log): MaybePromise<Session> {
    const began = performance.now()
    return when(this.#find(value), (found) => this.#begin(found, commands, log, began))
  }

  #find(value: CookieValue): MaybePromise<Found> {
    if (typeof value === 'object') return firstThatOpens(this.#records, value)
    return value !== undefined && isSafeValue(value) ? this.#records.read(value) : MISSING
  }

  #begin(found: Found, commands: SessionCommands, log: Log, began: number): Session {
    if (found.kind !== 'session') this.#refusals.tell(found, log)
    const state = stateFor(found, this.#kind, commands, began, this.#records.readProlongs)
    const session = createSession(state, found.kind === 'session' ? found.data : {})
    alignRecord(session)
    if (channels.load.hasSubscribers) {
      const bytes = found.kind === 'session' ? found.stored.bytes.byteLength : 0
      const reason = 'reason' in found ? found.reason : undefined
      channels.load.publish({ ...this.#facts(session, began), found: found.kind, reason, bytes })
    }
    return session
  }

  /**
   * Reads the session's record again, and forgets unsaved changes.
   * @throws `FST_SESSION_STORE`
   */
  async reload(session: Session, log: Log): Promise<void> {
    const began = performance.now()
    const { stored, remnant, unconfirmed } = stateOf(session)
    const id = stored?.id ?? idOf(remnant)
    const found = id === undefined ? MISSING : await this.#records.read(id)
    this.#refusals.tell(found, log)
    this.#reset(session, found, began)
    stateOf(session).unconfirmed = unconfirmed
    alignRecord(session)
  }

  /**
   * Ends the session, and the sessions that it was rotated into. Afterwards the session is new and empty.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_GONE`; `FST_SESSION_HEADERS_SENT` if only a cookie could end the session
   */
  async destroy(session: Session, canSendCookie = true): Promise<void> {
    const began = performance.now()
    const facts = channels.destroy.hasSubscribers ? this.#facts(session, began) : {}
    const { stored, remnant, unconfirmed, seenAt } = stateOf(session)
    const { id, handle } = session
    // If the session belongs to a user, leaving the list ends it.
    const endsByCookie = stored !== null && this.#records.ownsIds && boundIn(stored.metadata) === undefined
    if (!canSendCookie && endsByCookie) throw cannotSendCookie()
    if (stored !== null) await end(this.#records, { ...stored, seenAt })
    if (remnant !== null) await endRemnant(this.#records, remnant, seenAt)
    if (unconfirmed !== null) {
      await this.#records.remove(unconfirmed.id)
      await this.#records.delist(unconfirmed)
    }
    this.watch.tellLogout(id, handle)
    this.#reset(session, MISSING, began)
    if (channels.destroy.hasSubscribers) channels.destroy.publish({ ...facts, duration: performance.now() - began })
  }

  /**
   * Brings the store up to date with the session.
   * @param canSendCookie if `false`, a commit that needs the cookie stores nothing and throws
   * @param review the review of the session, if the caller has made one already
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`,
   *   `FST_SESSION_CONFLICT`, `FST_SESSION_HEADERS_SENT`
   */
  commit(
    session: Session,
    log: Log,
    canSendCookie = true,
    review = this.reviewer.review(session)
  ): MaybePromise<Outcome> {
    const state = stateOf(session)
    const { status, at } = review
    if (!canSendCookie && needsCookie(status, state, this.#records.ownsIds)) throw cannotSendCookie()
    switch (status) {
      case 'new-empty':
      case 'unchanged':
        return NONE
      case 'superseded':
        return SUPERSEDED
      case 'new':
        state.metadata = { ...state.metadata, created: at }
        return this.#committer.write(state, review)
      case 'ended':
        return this.destroy(session).then(() => {
          throw new SessionGoneError()
        })
      case 'prolonged':
        return this.#committer.prolong(session, review, log)
      case 'renewed':
        // The cookie must tell the browser the longer lifetime. If no cookie can go out now, a later response renews
        // the session.
        return canSendCookie || isProlongedByAll(this.#expiry) ? this.#committer.renew(session, review, log) : NONE
      case 'emptied':
      case 'rotated':
      case 'changed':
        if (this.#records.canReplace) return this.#swap(session, this.#writing(state, review, canSendCookie), log)
        if (status === 'emptied') return this.destroy(session).then(() => CLEAR)
        return this.#committer.overwrite(session, review, this.#prolongs(state, at, canSendCookie))
    }
  }

  /** A session that only gets a new id or cookie has not been serialized yet. */
  #writing(state: SessionState, { data, body, at }: Review, canSendCookie: boolean): Parameters<Committer['swap']>[1] {
    const prolongs = this.#prolongs(state, at, canSendCookie)
    return { data, body: body ?? this.#records.codec.bodyOf(data, state.metadata), at, prolongs }
  }

  #prolongs({ metadata }: SessionState, at: number, canSendCookie: boolean): boolean {
    return changeProlongs(this.#expiry, metadata, at, canSendCookie)
  }

  /**
   * Runs `fn` on the session's data and stores the result. If another request has stored newer data first, runs `fn`
   * again on the newer data.
   * @throws the errors of `fn`, `FST_SESSION_GONE`, `FST_SESSION_CONFLICT`, `FST_SESSION_STORE`,
   *   `FST_SESSION_HEADERS_SENT`
   */
  update<T>(session: Session, fn: (session: Session) => T | Promise<T>, log: Log, canSendCookie = true) {
    return this.#updates.run(session, fn, log, canSendCookie)
  }

  /** Whether a commit may issue the cookie again with the id that the browser has already. */
  mayIssueAgain(session: Session): boolean {
    const state = stateOf(session)
    return !this.#records.ownsIds && this.#committer.mustIssue(state, this.#prolongs(state, now(), true))
  }

  /** The lists of users' sessions. */
  get users(): UserSessions {
    return this.#records.users
  }

  /** Tells which sessions had to end, because the user of this session had too many. */
  tellEvicted(session: Session, log: Log): void {
    const state = stateOf(session)
    if (state.evicted.length === 0) return
    this.watch.tell(state.evicted, 'evicted')
    this.#evictions.tell(state.evicted, log)
    state.evicted = []
  }

  /** Whether the store still has the session under its id. */
  async isThere(session: Session): Promise<boolean> {
    const { stored } = stateOf(session)
    return stored !== null && (await this.#records.read(stored.id)).kind === 'session'
  }

  /** The outcome after a failed commit. Even then, the browser may need a cookie. */
  outcomeOfFailure(session: Session): Outcome {
    return this.#committer.issueUnconfirmed(stateOf(session))
  }

  #swap(session: Session, writing: Parameters<Committer['swap']>[1], log: Log): MaybePromise<Outcome> {
    const { id, handle } = session
    return when(this.#committer.swap(session, writing, log), (outcome) => {
      if (outcome !== CLEAR) return outcome
      this.watch.tellLogout(id, handle)
      // The handler may have set keys during the removal. These keys begin a new session.
      const setMeanwhile = session.data() as Data
      this.#reset(session, MISSING, 0)
      changeData(session, setMeanwhile)
      return outcome
    })
  }

  #reset(session: Session, found: Found, seenAt: number): void {
    const state = stateOf(session)
    Object.assign(state, stateFor(found, this.#kind, state.commands, seenAt, this.#records.readProlongs))
    resetData(session, found.kind === 'session' ? found.data : {})
  }

  #facts(session: Session, began: number): { fingerprint: string | undefined; duration: number } {
    return { fingerprint: fingerprint(stateOf(session).id), duration: performance.now() - began }
  }
}
