import type { Log, Settings } from '../types/options.ts'
import type { Session } from '../types/session.ts'
import { now } from './clock.ts'
import { type Asked, type Change, type Committed, commitStored } from './commit.ts'
import { isSafeValue } from './cookie.ts'
import { channels, fingerprint } from './diagnostics.ts'
import { cannotSendCookie, SessionGoneError } from './errors.ts'
import { cookieMaxAge, secondsLeft } from './expiry.ts'
import { holdsNothing } from './holds-nothing.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { merge } from './merge.ts'
import { renewId, writeRecord } from './new-record.ts'
import type { Data } from './record.ts'
import { type Found, RecordStore, type Stored, warnUnusable } from './record-store.ts'
import { end, endRotated } from './rotation.ts'
import {
  alignBaseline,
  createSession,
  replaceData,
  resetData,
  type SessionCommands,
  type SessionState,
  stateOf
} from './session.ts'
import { newSessionId } from './session-id.ts'

/** What the response has to do about the cookie. */
export type CookieAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'issue'; readonly value: string; readonly maxAge: number | undefined }
  | { readonly kind: 'clear' }

const NONE: CookieAction = { kind: 'none' }
const CLEAR: CookieAction = { kind: 'clear' }
const ENDED = { kind: 'ended' } as const

/** What a commit comes to. `ended`: the session is gone and was not changed, but its cookie may have been asked for before. */
export type Outcome = CookieAction | typeof ENDED

/** What has become of a session since it was loaded: what a commit has to do. */
type Status = 'new-empty' | 'new' | 'emptied' | 'ended' | 'rotated' | 'changed' | 'prolonged' | 'unchanged'

/** What a commit leaves as it is; that a rolling session is prolonged is no change of it. */
const SETTLED: ReadonlySet<Status> = new Set(['new-empty', 'unchanged', 'prolonged'])

/** What is asked of a session by its handler, and answered by its request. */
type RequestCommands = Pick<SessionCommands, 'save' | 'destroy' | 'reload' | 'update'>

/** Loads, commits and ends sessions over a store. Ids and bytes in, an outcome out: it knows nothing of HTTP. */
export class SessionManager {
  readonly #settings: Settings
  readonly #records: RecordStore
  /** Commits of one session in one process take turns, and hand on what they wrote: they would only collide. */
  readonly #queue = new KeyedQueue<{ readonly from: Uint8Array; readonly bytes: Uint8Array }>()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#records = new RecordStore(settings)
  }

  /**
   * @param value the cookie's value, as it came; `undefined`: none came
   * @throws `FST_SESSION_STORE`
   */
  async load(value: string | undefined, commands: RequestCommands, log: Log): Promise<Session> {
    const began = channels.load.hasSubscribers ? performance.now() : 0
    const found = await this.#find(value, log)
    const { codec } = this.#records
    const session = createSession(
      {
        ...this.#stateFor(found),
        expiry: this.#settings.expiry,
        commands: { ...commands, newId: () => this.#newId(), snapshot: (data) => codec.snapshot(data) }
      },
      found.kind === 'session' ? found.data : {}
    )
    alignBaseline(session)
    if (channels.load.hasSubscribers) {
      const bytes = found.kind === 'session' ? found.stored.bytes.byteLength : 0
      channels.load.publish({ ...this.#facts(session, began), found: found.kind, bytes })
    }
    return session
  }

  /**
   * Reads again what the session stands on, in place.
   * @throws `FST_SESSION_STORE`
   */
  async reload(session: Session, log: Log): Promise<void> {
    const { stored, tombstone } = stateOf(session)
    const found = await this.#find(stored?.id ?? tombstone?.id, log)
    Object.assign(stateOf(session), this.#stateFor(found))
    resetData(session, found.kind === 'session' ? found.data : {})
    alignBaseline(session)
  }

  /**
   * Ends the session, and what came out of it by rotation; it is new and empty afterwards.
   * @param headersSent no cookie can be cleared
   * @throws `FST_SESSION_STORE`; `FST_SESSION_HEADERS_SENT` when only the cookie could be cleared
   */
  async destroy(session: Session, headersSent = false): Promise<void> {
    const began = channels.destroy.hasSubscribers ? performance.now() : 0
    const facts = channels.destroy.hasSubscribers ? this.#facts(session, began) : {}
    const { stored, tombstone, strays } = stateOf(session)
    if (headersSent && stored !== null && this.#records.ownsIds) throw cannotSendCookie()
    if (stored !== null) await end(this.#records, stored.id, stored.bytes)
    if (tombstone !== null) await endRotated(this.#records, tombstone)
    for (const id of strays) await this.#records.remove(id)
    this.#reset(session)
    if (channels.destroy.hasSubscribers) channels.destroy.publish({ ...facts, duration: performance.now() - began })
  }

  /**
   * Brings the store up to what the session is now.
   * @param headersSent no cookie can be set: nothing is stored that would need one
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`,
   *   `FST_SESSION_CONFLICT`, `FST_SESSION_HEADERS_SENT`
   */
  async commit(session: Session, log: Log, headersSent = false): Promise<Outcome> {
    const state = stateOf(session)
    const at = now()
    const data = session.data() as Data
    const snapshot = this.#records.codec.snapshot(data)
    const status = this.#statusOf(session, data, snapshot, at)
    if (headersSent && this.#needsCookie(state, status)) throw cannotSendCookie()
    switch (status) {
      case 'new-empty':
      case 'unchanged':
        return NONE
      case 'new':
        renewId(state)
        state.metadata = { ...state.metadata, created: at }
        return this.#write(state, data, snapshot, at)
      case 'ended':
        await this.destroy(session)
        throw new SessionGoneError()
      case 'prolonged':
        return this.#prolong(session, data, snapshot, at, log)
      case 'emptied':
      case 'rotated':
      case 'changed':
        if (this.#records.canReplace) return this.#swap(session, { data, snapshot, at }, log)
        return this.#overwrite(session, status, data, snapshot, at)
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
    const { codec } = this.#records
    const snapshot = codec.snapshot(session.data() as Data)
    const { id, rotated, scope, cookieChanged, metadata } = state
    const before = { id, rotated, scope, cookieChanged }
    let result: T | undefined
    const derive = async (ours: Data): Promise<Data> => {
      Object.assign(state, before)
      resetData(session, codec.restore(codec.snapshot(ours)))
      result = await fn(session)
      const data = session.data() as Data
      if (headersSent && (state.stored === null ? !holdsNothing(data) : state.rotated || state.cookieChanged)) {
        throw cannotSendCookie()
      }
      return data
    }
    try {
      if (state.stored === null) {
        await derive(codec.restore(snapshot))
        return { result: result as T, action: NONE }
      }
      if (this.#records.ownsIds) {
        // The browser has the only copy, and this request has it: there is nothing newer to run on.
        await derive(session.data() as Data)
        return { result: result as T, action: await this.commit(session, log, headersSent) }
      }
      const change = { data: codec.restore(snapshot), snapshot, at: now(), derive }
      const action = await this.#swap(session, change, log)
      return { result: result as T, action }
    } catch (error) {
      // Neither a throw nor a lost answer leaves a half-made change for the response's commit.
      Object.assign(state, before, { metadata })
      resetData(session, codec.restore(snapshot))
      throw error
    }
  }

  /** Whether a commit would store, or remove, something. */
  hasUnsavedChanges(session: Session): boolean {
    const data = session.data() as Data
    try {
      const status = this.#statusOf(session, data, this.#records.codec.snapshot(data), now())
      return !SETTLED.has(status)
    } catch {
      // What cannot be serialized was not stored.
      return true
    }
  }

  /** Whether the browser has to be told, or nobody finds what is stored. */
  #needsCookie({ cookieChanged }: SessionState, status: Status): boolean {
    if (status === 'new' || status === 'rotated') return true
    if (status === 'changed') return this.#records.ownsIds || cookieChanged
    return status === 'emptied' && this.#records.ownsIds
  }

  #statusOf(session: Session, data: Data, snapshot: Uint8Array, at: number): Status {
    const { stored, rotated, cookieChanged, metadata } = stateOf(session)
    const { expiry } = this.#settings
    // Nothing but empty containers is what plugins leave on an anonymous page: no session is made of that.
    if (stored === null) return holdsNothing(data) ? 'new-empty' : 'new'
    const changed = rotated || cookieChanged || Buffer.compare(snapshot, stored.baseline) !== 0
    // No time left is a removal, never a ttl of 0, which would keep the record.
    if (secondsLeft(expiry, metadata.created, at) <= 0) return changed ? 'ended' : 'unchanged'
    if (!changed) return expiry.rolling ? 'prolonged' : 'unchanged'
    if (session.isEmpty) return 'emptied'
    return rotated ? 'rotated' : 'changed'
  }

  async #find(value: string | undefined, log: Log): Promise<Found> {
    if (value === undefined || !isSafeValue(value)) return { kind: 'missing' }
    const found = await this.#records.read(value)
    warnUnusable(found, log)
    return found
  }

  #stateFor(found: Found): Omit<SessionState, 'aside' | 'commands' | 'expiry'> {
    const changes = { rotated: false, strays: [], unanswered: undefined, cookieChanged: false, scope: null }
    const tombstone = found.kind === 'rotated' ? found.tombstone : null
    if (found.kind === 'session') {
      const { stored } = found
      const prolonged = this.#records.readProlongs
      return { id: stored.id, stored, tombstone, metadata: stored.metadata, prolonged, ...changes }
    }
    const at = now()
    const metadata = { lifetime: this.#settings.expiry.lifetime, created: at, last_access: at }
    return { id: this.#newId(), stored: null, tombstone, metadata, prolonged: false, ...changes }
  }

  #reset(session: Session): void {
    Object.assign(stateOf(session), this.#stateFor({ kind: 'missing' }))
    resetData(session, {})
  }

  #newId(): string | undefined {
    return this.#records.ownsIds ? undefined : newSessionId()
  }

  /** Over what is there, whatever it is: the first write of a session, or a store that cannot compare. */
  async #write(state: SessionState, data: Data, baseline: Uint8Array, at: number): Promise<CookieAction> {
    const began = channels.commit.hasSubscribers ? performance.now() : 0
    const asked = { id: state.id, metadata: state.metadata, scope: state.scope }
    const metadata = { ...state.metadata, last_access: at }
    const written = await writeRecord(this.#records, state, { data, metadata })
    const stored = { ...written, baseline, metadata }
    this.#settle(state, stored, asked)
    this.#published(written.id, began, { attempts: 1, conflicts: 0, bytes: written.bytes.byteLength })
    return this.#issue(stored, at)
  }

  async #swap(session: Session, change: Omit<Change, 'state' | 'scope' | 'hint'>, log: Log): Promise<CookieAction> {
    const state = stateOf(session)
    const base = state.stored as Stored
    const { scope } = state
    const began = channels.commit.hasSubscribers || channels.rotate.hasSubscribers ? performance.now() : 0
    const committed = await this.#queue.run(base.id, async (turn) => {
      // After a wait the data may have gone on changing: what is committed is the snapshot.
      const data = turn.waited ? this.#records.codec.restore(change.snapshot) : change.data
      const done = await commitStored(this.#records, base, this.#settings.concurrency, {
        ...change,
        data,
        state,
        scope,
        // Only who started from the same record can know that it is outdated.
        hint: turn.hint !== undefined && Buffer.compare(turn.hint.from, base.bytes) === 0 ? turn.hint.bytes : undefined
      })
      turn.left = done.stored?.id === base.id ? { from: base.bytes, bytes: done.stored.bytes } : undefined
      return done
    })
    log.debug({ attempts: committed.attempts, conflicts: committed.conflicts }, 'the session was committed')
    return this.#adopt(session, committed, change, began)
  }

  /** The session goes on from what was committed, with what others changed, and what its handler has changed since. */
  #adopt(
    session: Session,
    { stored, data, asked, merged, attempts, conflicts }: Committed,
    { snapshot, derive, at }: Pick<Change, 'snapshot' | 'derive' | 'at'>,
    began: number
  ): CookieAction {
    const state = stateOf(session)
    const old = state.stored?.id
    this.#published(old, began, { attempts, conflicts, bytes: stored?.bytes.byteLength ?? 0 })
    if (stored === null) {
      // What was set while the removal was on its way begins a new session.
      const since = session.data() as Data
      this.#reset(session)
      replaceData(session, since)
      return CLEAR
    }
    if (merged && derive === undefined) {
      const start = this.#records.codec.restore(snapshot)
      const since = this.#asStored(session)
      // A clear() or regenerate() since then keeps out what was not in its scope.
      const scope = state.scope === asked.scope ? null : state.scope
      replaceData(session, merge(start, since, data, scope ?? undefined).data, since)
    }
    const reissue = stored.id !== old || this.#settings.expiry.rolling || this.#records.ownsIds || state.cookieChanged
    this.#settle(state, stored, asked)
    if (stored.id !== old) this.#publishedRotation(old, stored.id, began, attempts)
    return reissue ? this.#issue(stored, at) : NONE
  }

  /** For a store without `replace`: the last one wins. */
  async #overwrite(
    session: Session,
    status: 'emptied' | 'rotated' | 'changed',
    data: Data,
    snapshot: Uint8Array,
    at: number
  ): Promise<CookieAction> {
    const state = stateOf(session)
    if (status === 'rotated') renewId(state)
    const { id, stored, cookieChanged, strays } = state
    if (status === 'emptied') {
      await this.destroy(session)
      return CLEAR
    }
    const began = channels.rotate.hasSubscribers ? performance.now() : 0
    const action = await this.#write(state, data, snapshot, at)
    if (status === 'changed') {
      return this.#settings.expiry.rolling || this.#records.ownsIds || cookieChanged ? action : NONE
    }
    try {
      await this.#records.remove((stored as Stored).id)
    } catch (error) {
      // Nobody has been told of the new id: the next attempt starts from the old one again.
      Object.assign(state, { id, stored, rotated: true, strays: [...strays, String(id)] })
      throw error
    }
    state.strays = []
    await Promise.allSettled(strays.filter((stray) => stray !== id).map((stray) => this.#records.remove(stray)))
    this.#publishedRotation(stored?.id, state.stored?.id, began, 1)
    return action
  }

  async #prolong(session: Session, data: Data, snapshot: Uint8Array, at: number, log: Log): Promise<Outcome> {
    const state = stateOf(session)
    const stored = state.stored as Stored
    if (state.prolonged || this.#records.canTouch) {
      if (!state.prolonged && !(await this.#records.touch(stored.id, state.metadata))) return ENDED
      // A cookie for a session that was rotated or destroyed meanwhile would take the place of a newer one; a tombstone
      // can be touched.
      const isThere = !this.#records.canReplace || (await this.#records.read(stored.id)).kind === 'session'
      return isThere ? this.#issue(stored, at) : ENDED
    }
    if (!this.#records.canReplace) return this.#write(state, data, snapshot, at)
    try {
      return await this.#swap(session, { data, snapshot, at }, log)
    } catch (error) {
      if (error instanceof SessionGoneError) return ENDED
      throw error
    }
  }

  /** What was asked for while the write was on its way is left for the next commit. */
  #settle(state: SessionState, stored: Stored, asked: Asked): void {
    const { id, metadata } = stored
    state.stored = stored
    if (state.id === asked.id) Object.assign(state, { id, rotated: false })
    else state.rotated = true
    if (state.metadata === asked.metadata) Object.assign(state, { metadata, cookieChanged: false })
    if (state.scope === asked.scope) state.scope = null
  }

  #issue({ id, metadata }: Stored, at: number): CookieAction {
    const maxAge = cookieMaxAge(this.#settings.expiry, metadata.created, at, metadata.cookie?.maxAge)
    return { kind: 'issue', value: id, maxAge }
  }

  #facts(session: Session, began: number): { fingerprint: string | undefined; duration: number } {
    return { fingerprint: fingerprint(stateOf(session).id), duration: performance.now() - began }
  }

  /** The data as they would come back from the store; as they are, where the next commit is going to refuse them. */
  #asStored(session: Session): Data {
    const { codec } = this.#records
    const data = session.data() as Data
    try {
      return codec.restore(codec.snapshot(data))
    } catch {
      return data
    }
  }

  #publishedRotation(from: string | undefined, to: string | undefined, began: number, attempts: number): void {
    if (!channels.rotate.hasSubscribers) return
    const facts = { fingerprint: fingerprint(from), to: fingerprint(to), attempts }
    channels.rotate.publish({ ...facts, duration: performance.now() - began })
  }

  #published(
    id: string | undefined,
    began: number,
    facts: { attempts: number; conflicts: number; bytes: number }
  ): void {
    if (!channels.commit.hasSubscribers) return
    channels.commit.publish({ fingerprint: fingerprint(id), duration: performance.now() - began, ...facts })
  }
}
