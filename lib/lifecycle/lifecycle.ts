import type { Session } from '../../types/session.ts'
import { now } from '../clock.ts'
import { newSessionId } from '../crypto/random.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { cannotSendCookie, SessionGoneError } from '../errors.ts'
import { CLEAR, type CookieAction, type CookieValue, isSafeValue, NONE, type Outcome, REFUSED } from '../http/cookie.ts'
import type { Data } from '../record/codec.ts'
import { holdsNothing } from '../record/holds-nothing.ts'
import { type Found, Records } from '../record/records.ts'
import { firstThatOpens } from '../record/several-cookies.ts'
import { alignRecord, createSession, replaceData, resetData, stateOf } from '../session/session.ts'
import { idOf, type SessionCommands, type SessionKind, stateFor } from '../session/state.ts'
import type { Expiry, Log, Settings } from '../settings.ts'
import { Committer } from './commit.ts'
import { end, endRemnant } from './ending.ts'
import { Alone } from './order/alone.ts'
import { Refusals } from './refusals.ts'
import { Reviewer } from './review.ts'
import { needsCookie } from './status.ts'

const MISSING: Found = { kind: 'missing' }

/** Loads, commits and ends sessions over a store. Ids and bytes in, an outcome out: it knows nothing of HTTP. */
export class Lifecycle {
  readonly #expiry: Expiry
  readonly #records: Records
  readonly #committer: Committer
  readonly #kind: SessionKind
  readonly #refusals = new Refusals()
  readonly alone: Alone
  /** Seconds that a function of `update()` has. */
  readonly timeout: number
  readonly reviewer: Reviewer

  constructor(settings: Settings) {
    this.#expiry = settings.expiry
    this.alone = new Alone(settings.store)
    this.timeout = settings.storeTimeout
    this.#records = new Records(settings)
    this.#committer = new Committer(settings, this.#records)
    this.reviewer = new Reviewer(settings.expiry, this.#records)
    const { codec, ownsIds } = this.#records
    this.#kind = {
      expiry: settings.expiry,
      newId: () => (ownsIds ? undefined : newSessionId()),
      recordOf: (data, metadata) => codec.serialize(data, metadata),
      isChanged: (data, stored) => this.reviewer.recordOf(data, stored) !== stored.record
    }
  }

  /**
   * @param value the cookie's value, as it came; `undefined`: none came; of several values, the first that opens counts
   * @throws `FST_SESSION_STORE`
   */
  async load(value: CookieValue, commands: SessionCommands, log: Log): Promise<Session> {
    const began = performance.now()
    let found: Found = MISSING
    if (typeof value === 'object') found = await firstThatOpens(this.#records, value)
    else if (value !== undefined && isSafeValue(value)) found = await this.#records.read(value)
    this.#refusals.tell(found, log)
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
   * Reads again what the session stands on, in place.
   * @throws `FST_SESSION_STORE`
   */
  async reload(session: Session, log: Log): Promise<void> {
    const began = performance.now()
    const { stored, remnant, strays, unconfirmed } = stateOf(session)
    const id = stored?.id ?? idOf(remnant)
    const found = id === undefined ? MISSING : await this.#records.read(id)
    this.#refusals.tell(found, log)
    this.#reset(session, found, began)
    Object.assign(stateOf(session), { strays, unconfirmed })
    alignRecord(session)
  }

  /**
   * Ends the session, and what came out of it by rotation; it is new and empty afterwards.
   * @param headersSent no cookie can be cleared
   * @throws `FST_SESSION_STORE`, `FST_SESSION_GONE`; `FST_SESSION_HEADERS_SENT` when only the cookie could be cleared
   */
  async destroy(session: Session, headersSent = false): Promise<void> {
    const began = performance.now()
    const facts = channels.destroy.hasSubscribers ? this.#facts(session, began) : {}
    const { stored, remnant, strays, seenAt } = stateOf(session)
    if (headersSent && stored !== null && this.#records.ownsIds) throw cannotSendCookie()
    if (stored !== null) await end(this.#records, { id: stored.id, bytes: stored.bytes, seenAt })
    if (remnant !== null) await endRemnant(this.#records, remnant, seenAt)
    for (const id of strays) await this.#records.remove(id)
    this.#reset(session, MISSING, began)
    if (channels.destroy.hasSubscribers) channels.destroy.publish({ ...facts, duration: performance.now() - began })
  }

  /**
   * Brings the store up to what the session is now.
   * @param headersSent no cookie can be set: nothing is stored that would need one
   * @param review where the session has just been reviewed
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`,
   *   `FST_SESSION_CONFLICT`, `FST_SESSION_HEADERS_SENT`
   */
  async commit(
    session: Session,
    log: Log,
    headersSent = false,
    review = this.reviewer.review(session)
  ): Promise<Outcome> {
    const state = stateOf(session)
    const { data, record, status, at } = review
    if (headersSent && needsCookie(status, state, this.#records.ownsIds)) throw cannotSendCookie()
    switch (status) {
      case 'new-empty':
      case 'unchanged':
        return NONE
      case 'refused':
        return REFUSED
      case 'new':
        state.metadata = { ...state.metadata, created: at }
        return this.#committer.write(state, data, at)
      case 'ended':
        await this.destroy(session)
        throw new SessionGoneError()
      case 'prolonged':
        return this.#committer.prolong(session, { data, record, at }, log)
      case 'renewed':
        // The browser would not learn of a longer lifetime without a cookie, so the next response does it.
        return headersSent && !this.#expiry.rolling ? NONE : this.#committer.renew(session, { data, record, at }, log)
      case 'emptied':
      case 'rotated':
      case 'changed':
        if (this.#records.canReplace) return this.#swap(session, { data, record, at }, log)
        if (status !== 'emptied') return this.#committer.overwrite(session, status, { data, record, at })
        await this.destroy(session)
        return CLEAR
    }
  }

  /**
   * Runs `fn` on the newest data, and again when another request was faster, until what it made of them is stored.
   * @param headersSent as for `commit()`
   * @throws what `fn` throws, `FST_SESSION_GONE`, `FST_SESSION_CONFLICT`, `FST_SESSION_STORE`, `FST_SESSION_HEADERS_SENT`
   */
  async update<T>(
    session: Session,
    fn: (session: Session) => T | Promise<T>,
    log: Log,
    headersSent = false
  ): Promise<{ result: T; action: Outcome }> {
    const state = stateOf(session)
    if (state.isSuperseded) throw new SessionGoneError()
    const { codec } = this.#records
    const record = codec.serialize(session.data() as Data, state.stored?.metadata ?? state.metadata)
    const { id, rotated, scope, cookieChanged, metadata } = state
    const before = { id, rotated, scope, cookieChanged }
    let result: T | undefined
    const derive = async (ours: Data): Promise<Data> => {
      Object.assign(state, before)
      resetData(session, codec.copy(ours))
      result = await fn(session)
      const data = session.data() as Data
      if (headersSent && (state.stored === null ? !holdsNothing(data) : state.rotated || state.cookieChanged)) {
        throw cannotSendCookie()
      }
      return data
    }
    try {
      if (state.stored === null) {
        await derive(codec.restore(record))
        return { result: result as T, action: NONE }
      }
      if (this.#records.ownsIds) {
        // The browser has the only copy, and this request has it: there is nothing newer to run on.
        await derive(session.data() as Data)
        return { result: result as T, action: await this.commit(session, log, headersSent) }
      }
      const action = await this.#swap(session, { data: codec.restore(record), record, at: now(), derive }, log)
      return { result: result as T, action }
    } catch (error) {
      // Neither a throw nor a lost answer leaves a half-made change for the response's commit.
      Object.assign(state, before, { metadata })
      resetData(session, codec.restore(record))
      throw error
    }
  }

  /** Whether a commit may issue the cookie of an id again that the browser has already. */
  mayReissue(session: Session): boolean {
    return !this.#records.ownsIds && this.#committer.isReissued(stateOf(session))
  }

  /** Whether the store has the session under the id that it was loaded from, or committed to, last. */
  async isThere(session: Session): Promise<boolean> {
    const { stored } = stateOf(session)
    return stored !== null && (await this.#records.read(stored.id)).kind === 'session'
  }

  /** The cookie that the browser needs although a commit has failed; `NONE`: it needs none. */
  cookieAfterFailure(session: Session): CookieAction {
    return this.#committer.issueUnconfirmed(stateOf(session))
  }

  async #swap(session: Session, change: Parameters<Committer['swap']>[1], log: Log): Promise<Outcome> {
    const action = await this.#committer.swap(session, change, log)
    if (action === CLEAR) {
      // What was set while the removal was on its way begins a new session.
      const since = session.data() as Data
      this.#reset(session, MISSING, 0)
      replaceData(session, since)
    }
    return action
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
