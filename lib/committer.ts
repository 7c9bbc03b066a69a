import type { Expiry, Log, Settings } from '../types/options.ts'
import type { Session } from '../types/session.ts'
import type { Answer } from '../types/store.ts'
import { andThen, attempt, settle } from './answers.ts'
import { type Asked, type Change, type Committed, commitStored } from './commit.ts'
import { CLEAR, type CookieAction, ENDED, NONE, type Outcome } from './cookie.ts'
import { channels, fingerprint } from './diagnostics.ts'
import { SessionGoneError } from './errors.ts'
import { cookieMaxAge } from './expiry.ts'
import { KeyedQueue, type Turn } from './keyed-queue.ts'
import { merge } from './merge.ts'
import { renewId, writeRecord } from './new-record.ts'
import type { Data } from './record.ts'
import type { RecordStore, Stored } from './record-store.ts'
import { replaceData, type SessionState, stateOf } from './session.ts'

/** What is to be committed: the data as they are now, and the record that they make. */
export type Draft = Pick<Change, 'data' | 'record' | 'at'>

/** What a commit hands on to the next of the same session. */
interface Written {
  readonly from: Uint8Array
  readonly bytes: Uint8Array
}

/** Brings the store up to what a session has become, and the session up to what was stored. */
export class Committer {
  readonly #expiry: Expiry
  readonly #concurrency: Settings['concurrency']
  readonly #records: RecordStore
  /** Commits of one session in one process take turns, and hand on what they wrote: they would only collide. */
  readonly #queue = new KeyedQueue<Written>()

  constructor({ expiry, concurrency }: Settings, records: RecordStore) {
    this.#expiry = expiry
    this.#concurrency = concurrency
    this.#records = records
  }

  /** Over what is there, whatever it is: the first write of a session, or a store that cannot compare. */
  write(state: SessionState, data: Data, at: number): Answer<CookieAction> {
    const began = channels.commit.hasSubscribers ? performance.now() : 0
    if (state.stored === null || state.rotated) renewId(state)
    const asked = { id: state.id, metadata: state.metadata, scope: state.scope }
    const draft = { data, metadata: { ...state.metadata, last_access: at } }
    return andThen(writeRecord(this.#records, state, draft), (stored) => {
      settleState(state, stored, asked)
      publishCommit(stored.id, began, { attempts: 1, conflicts: 0, bytes: stored.bytes.byteLength })
      return this.#issue(stored, at)
    })
  }

  /** In the place of what the session was loaded from; what others have changed meanwhile is merged in. */
  swap(session: Session, change: Omit<Change, 'state' | 'scope' | 'hint'>, log: Log): Answer<CookieAction> {
    const began = channels.commit.hasSubscribers || channels.rotate.hasSubscribers ? performance.now() : 0
    const state = stateOf(session)
    const base = state.stored as Stored
    // What is asked for while it waits for its turn is for the next commit.
    const { scope } = state
    const { record, derive, at } = change
    const commit = (turn: Turn<Written>): Answer<Committed> => {
      // After a wait the data may have gone on changing: what is committed is the record.
      const data = turn.waited ? this.#records.codec.restore(record) : change.data
      // Only who started from the same record can know that it is outdated.
      const isKnown = turn.hint !== undefined && Buffer.compare(turn.hint.from, base.bytes) === 0
      const hint = isKnown ? turn.hint?.bytes : undefined
      const committing = commitStored(this.#records, base, this.#concurrency, {
        data,
        record,
        derive,
        at,
        state,
        scope,
        hint
      })
      return andThen(committing, (committed) => {
        const { stored } = committed
        turn.left = stored?.id === base.id ? { from: base.bytes, bytes: stored.bytes } : undefined
        return committed
      })
    }
    return andThen(this.#queue.run(base.id, commit), (committed) => {
      log.debug({ attempts: committed.attempts, conflicts: committed.conflicts }, 'the session was committed')
      return this.#adopt(session, committed, change, began)
    })
  }

  /** For a store without `replace`, where the last one wins. */
  overwrite(session: Session, status: 'rotated' | 'changed', { data, at }: Draft): Answer<CookieAction> {
    const state = stateOf(session)
    const { cookieChanged } = state
    if (status === 'rotated') return this.#move(state, data, at)
    return andThen(this.write(state, data, at), (action) => (this.#isIssuedEachTime || cookieChanged ? action : NONE))
  }

  #move(state: SessionState, data: Data, at: number): Answer<CookieAction> {
    const began = channels.rotate.hasSubscribers ? performance.now() : 0
    renewId(state)
    const { id, strays } = state
    const stored = state.stored as Stored
    const left = (action: CookieAction): Answer<CookieAction> => {
      state.strays = []
      publishRotation(stored.id, state.stored?.id, began, 1)
      const others = strays.filter((stray) => stray !== id)
      if (others.length === 0) return action
      return Promise.allSettled(others.map(async (stray) => this.#records.remove(stray))).then(() => action)
    }
    const stayed = (error: unknown): never => {
      // Nobody has been told of the new id: the next attempt starts from the old one again.
      Object.assign(state, { id, stored, rotated: true, strays: [...strays, String(id)] })
      throw error
    }
    return andThen(this.write(state, data, at), (action) =>
      settle(
        () => this.#records.remove(stored.id),
        () => left(action),
        stayed
      )
    )
  }

  /** Of a rolling session that nobody has changed. */
  prolong(session: Session, draft: Draft, log: Log): Answer<Outcome> {
    const state = stateOf(session)
    const stored = state.stored as Stored
    const { canReplace, canTouch } = this.#records
    if (state.prolonged) return this.#reissue(stored, draft.at)
    if (canTouch) {
      return andThen(this.#records.touch(stored.id, state.metadata), (isThere) =>
        isThere ? this.#reissue(stored, draft.at) : ENDED
      )
    }
    if (!canReplace) return this.write(state, draft.data, draft.at)
    return attempt<Outcome, Outcome>(
      () => this.swap(session, draft, log),
      (error) => {
        if (error instanceof SessionGoneError) return ENDED
        throw error
      }
    )
  }

  /** A cookie for a session that was rotated or destroyed meanwhile would take the place of a newer one. */
  #reissue(stored: Stored, at: number): Answer<Outcome> {
    if (!this.#records.canReplace) return this.#issue(stored, at)
    // A tombstone can be touched, too.
    return andThen(this.#records.read(stored.id), ({ kind }) => (kind === 'session' ? this.#issue(stored, at) : ENDED))
  }

  /** The session goes on from what was committed, with what others changed, and what its handler has changed since. */
  #adopt(
    session: Session,
    { stored, data, asked, merged, attempts, conflicts }: Committed,
    { record, derive, at }: Pick<Change, 'record' | 'derive' | 'at'>,
    began: number
  ): CookieAction {
    const state = stateOf(session)
    const old = state.stored?.id
    publishCommit(old, began, { attempts, conflicts, bytes: stored?.bytes.byteLength ?? 0 })
    if (stored === null) return CLEAR
    if (merged && derive === undefined) {
      const start = this.#records.codec.restore(record)
      const since = this.#asStored(session)
      // A clear() or regenerate() since then keeps out what was not in its scope.
      const scope = state.scope === asked.scope ? null : state.scope
      replaceData(session, merge(start, since, data, scope ?? undefined).data, since)
    }
    const reissue = stored.id !== old || this.#isIssuedEachTime || state.cookieChanged
    settleState(state, stored, asked)
    if (stored.id !== old) publishRotation(old, stored.id, began, attempts)
    return reissue ? this.#issue(stored, at) : NONE
  }

  get #isIssuedEachTime(): boolean {
    return this.#expiry.rolling || this.#records.ownsIds
  }

  #issue({ id, metadata }: Stored, at: number): CookieAction {
    const maxAge = cookieMaxAge(this.#expiry, metadata.created, at, metadata.cookie?.maxAge)
    return { kind: 'issue', value: id, maxAge }
  }

  /** The data as they would come back from the store; as they are, where the next commit is going to refuse them. */
  #asStored(session: Session): Data {
    const data = session.data() as Data
    try {
      return this.#records.codec.copy(data)
    } catch {
      return data
    }
  }
}

/** What was asked for while the write was on its way is left for the next commit. */
function settleState(state: SessionState, stored: Stored, asked: Asked): void {
  const { id, metadata } = stored
  state.stored = stored
  if (state.id === asked.id) {
    state.id = id
    state.rotated = false
  } else state.rotated = true
  if (state.metadata === asked.metadata) {
    state.metadata = metadata
    state.cookieChanged = false
  }
  if (state.scope === asked.scope) state.scope = null
}

function publishCommit(
  id: string | undefined,
  began: number,
  facts: { attempts: number; conflicts: number; bytes: number }
): void {
  if (!channels.commit.hasSubscribers) return
  channels.commit.publish({ fingerprint: fingerprint(id), duration: performance.now() - began, ...facts })
}

function publishRotation(from: string | undefined, to: string | undefined, began: number, attempts: number): void {
  if (!channels.rotate.hasSubscribers) return
  const facts = { fingerprint: fingerprint(from), to: fingerprint(to), attempts }
  channels.rotate.publish({ ...facts, duration: performance.now() - began })
}
