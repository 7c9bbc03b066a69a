import type { Session } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import { own } from '../base/own.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { SessionGoneError } from '../errors.ts'
import { cookieOf } from '../metadata.ts'
import { cookieMaxAge, isRaised } from '../record/expiry.ts'
import type { Data, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { tell } from '../report.ts'
import { changeData, stateOf } from '../session/session.ts'
import type { SessionState } from '../session/state.ts'
import type { Expiry, Log, Settings } from '../settings.ts'
import { leaveList, renewId, writeRecord } from './first-write.ts'
import { merge } from './merge.ts'
import { Turns } from './order/turns.ts'
import { CLEAR, NONE, type Outcome, WITHHOLD } from './outcome.ts'
import type { Review } from './status.ts'
import { type Committed, type SwapInput, swap, type WrittenState } from './swap.ts'

/** The part of a review, or of an update, that a swap needs. */
type Writing = Pick<SwapInput, 'data' | 'body' | 'at' | 'prolongs' | 'derive'>

/** Writes a session to the store in one of several ways. Afterwards the session continues from the new record. */
export class Committer {
  readonly #expiry: Expiry
  readonly #concurrency: Settings['concurrency']
  readonly #records: Records
  /**
   * Commits of one session in this process take turns, because two at once would collide. Each commit passes the bytes that
   * it wrote to the next one.
   */
  readonly #turns = new Turns<{ readonly from: Uint8Array; readonly bytes: Uint8Array }>()

  constructor({ expiry, concurrency }: Settings, records: Records) {
    this.#expiry = expiry
    this.#concurrency = concurrency
    this.#records = records
  }

  /** Writes without comparing. This is for the first write of a session, and for stores without `replace`. */
  write(state: SessionState, { data, body, at }: Review, prolongs = true): MaybePromise<Outcome> {
    const began = performance.now()
    if (state.stored === null || state.mustRotate) renewId(state)
    const { metadata, stored: base } = state
    const writtenState = writtenNow(state)
    const lastAccess = prolongs ? at : metadata.last_access
    return when(writeRecord(this.#records, state, { data, metadata, lastAccess, body }, base), (stored) => {
      adoptRecord(state, stored, writtenState, began)
      publishCommit(stored.id, began, { attempts: 1, conflicts: 0, bytes: stored.bytes.byteLength })
      const issued = this.#issue(stored, at)
      return base === null ? issued : when(leaveList(this.#records, base, stored), () => issued)
    })
  }

  /** Replaces the record that the session was loaded from. Merges changes that other requests made meanwhile. */
  swap(session: Session, writing: Writing, log: Log): MaybePromise<Outcome> {
    const state = stateOf(session)
    const base = state.stored as Stored
    const { mergeableKeys } = state
    const { body, at, prolongs } = writing
    const derive = own(writing, 'derive')
    const began = performance.now()
    return this.#turns.run(base.id, (turn) => {
      // The handler may have changed the data during the wait. The body holds the data from before the wait.
      const data = turn.waited ? this.#records.codec.dataOf(body) : writing.data
      // Bytes that replaced the base of this request are newer. Other bytes may be older.
      const { hint } = turn
      const newest = hint !== undefined && Buffer.compare(hint.from, base.bytes) === 0 ? hint.bytes : undefined
      const input = { data, body, derive, at, prolongs, state, mergeableKeys, newest }
      return when(swap(this.#records, base, this.#concurrency, input), (done) => {
        turn.hintForNext = done.stored?.id === base.id ? { from: base.bytes, bytes: done.stored.bytes } : undefined
        const { attempts, conflicts } = done
        tell(log, 'debug', { attempts, conflicts }, 'the session was committed')
        return this.#adopt(session, done, writing, began)
      })
    })
  }

  /** Writes to a store without `replace`, where the last write wins as a whole. */
  overwrite(session: Session, review: Review, prolongs: boolean): MaybePromise<Outcome> {
    const state = stateOf(session)
    if (review.status === 'rotated') return this.#rotateInSteps(state, review)
    const mustIssue = this.mustIssue(state, prolongs)
    return when(this.write(state, review, prolongs || mustIssue), (issued) => (mustIssue ? issued : NONE))
  }

  #rotateInSteps(state: SessionState, review: Review): MaybePromise<Outcome> {
    renewId(state)
    const { id, stored, unconfirmed } = state
    const began = channels.rotate.hasSubscribers ? performance.now() : 0
    const old = (stored as Stored).id
    return when(this.write(state, review), (issued) => {
      const removed = settle(
        () => this.#records.remove(old),
        () => undefined,
        async (error) => {
          // The next attempt starts from the old record again, unless the store has removed it after all.
          if (await this.#isMissing(old)) return
          Object.assign(state, { id, stored, mustRotate: true, unconfirmed: state.stored })
          throw error
        }
      )
      return when(removed, () => {
        state.unconfirmed = null
        publishRotation(old, state.stored?.id, began, 1)
        if (unconfirmed === null || unconfirmed.id === id) return issued
        // Nobody knows the id of that record, so a failure does no harm.
        return settle(
          () => this.#records.remove(unconfirmed.id),
          () => issued,
          () => issued
        )
      })
    })
  }

  async #isMissing(id: string): Promise<boolean> {
    try {
      return (await this.#records.read(id)).kind === 'missing'
    } catch {
      return false
    }
  }

  /** Prolongs a rolling session that was not changed. */
  prolong(session: Session, review: Review, log: Log): MaybePromise<Outcome> {
    const state = stateOf(session)
    const stored = state.stored as Stored
    const { canReplace, canTouch } = this.#records
    if (!state.prolonged && !canTouch) return this.renew(session, review, log)
    const isTouched = state.prolonged || this.#records.touch(stored.id, state.metadata)
    return when(isTouched, (isAlive) => {
      if (!isAlive) return WITHHOLD
      if (!canReplace) return this.#issue(stored, review.at)
      // Another request may have rotated or destroyed the session meanwhile, and a store touches tombstones as well. The
      // old cookie would take the place of a newer one, so read the record first.
      return when(this.#records.isThere(stored), (isThere) => (isThere ? this.#issue(stored, review.at) : WITHHOLD))
    })
  }

  /** Writes an unchanged session again, so that the record, the store and the cookie have its new end. */
  renew(session: Session, review: Review, log: Log): MaybePromise<Outcome> {
    const state = stateOf(session)
    const { canReplace, codec, ownsIds } = this.#records
    // A request that only reads must not undo a change or a logout, so this compares in each store that keeps records.
    if (this.#expiry.every > 0 && !ownsIds) return this.#renewOnce(state, review)
    if (!canReplace) return this.write(state, review)
    const { data, at } = review
    return settle(
      () => this.swap(session, { data, body: codec.bodyOf(data, state.metadata), at, prolongs: true }, log),
      (outcome) => outcome,
      (error) => {
        if (error instanceof SessionGoneError) return WITHHOLD
        throw error
      }
    )
  }

  /** If another request has changed or prolonged the session meanwhile, this one leaves it at that. */
  #renewOnce(state: SessionState, { data, at }: Review): MaybePromise<Outcome> {
    const began = performance.now()
    const { id, bytes } = state.stored as Stored
    const writtenState = writtenNow(state)
    const draft = { data, metadata: state.metadata, lastAccess: at }
    return when(this.#records.replace(id, bytes, draft), (replacement) => {
      if (!replacement.ok) return replacement.found.kind === 'session' ? NONE : WITHHOLD
      const stored = replacement.stored as Stored
      adoptRecord(state, stored, writtenState, began)
      publishCommit(id, began, { attempts: 1, conflicts: 0, bytes: stored.bytes.byteLength })
      return this.#issue(stored, at)
    })
  }

  /** Gives the session the committed record, and merges the changes that the handler made since the commit began. */
  #adopt(
    session: Session,
    { stored, data, writtenState, isMerged, attempts, conflicts }: Committed,
    { body, derive, at, prolongs }: Omit<Writing, 'data'>,
    began: number
  ): Outcome {
    const state = stateOf(session)
    const old = state.stored?.id
    publishCommit(old, began, { attempts, conflicts, bytes: stored?.bytes.byteLength ?? 0 })
    if (stored === null) return CLEAR
    if (isMerged && derive === undefined) {
      const start = this.#records.codec.dataOf(body)
      const since = this.#asStored(session)
      // After a clear() or regenerate() since then, other requests can add only the keys that the call kept.
      const mergeableKeys = state.mergeableKeys === writtenState.mergeableKeys ? null : state.mergeableKeys
      changeData(session, merge(start, since, data, mergeableKeys ?? undefined).data, since)
    }
    const mustIssue = stored.id !== old || this.mustIssue(state, prolongs)
    adoptRecord(state, stored, writtenState, began)
    if (stored.id !== old) publishRotation(old, stored.id, began, attempts)
    return mustIssue ? this.#issue(stored, at) : NONE
  }

  /** Issues the cookie of the new record of a rotation, while nobody knows whether the old record is dead. */
  issueUnconfirmed({ unconfirmed }: SessionState): Outcome {
    return unconfirmed === null ? NONE : this.#issue(unconfirmed, now())
  }

  /** Whether the browser gets the cookie although the id stays the same. Call this before the state has the new record. */
  mustIssue({ stored, cookieChanged }: SessionState, prolongs: boolean): boolean {
    if ((this.#expiry.rolling && prolongs) || this.#records.ownsIds || cookieChanged) return true
    return stored !== null && isRaised(this.#expiry, stored.metadata)
  }

  #issue({ id, metadata }: Stored, at: number): Outcome {
    const maxAge = cookieMaxAge(this.#expiry, metadata, at, cookieOf(metadata)?.maxAge)
    return { kind: 'issue', value: id, maxAge }
  }

  /** The data as the store would give them back. Data that cannot be stored stay as they are. The next commit throws then. */
  #asStored(session: Session): Data {
    const data = session.data() as Data
    try {
      return this.#records.codec.copy(data)
    } catch {
      return data
    }
  }
}

const writtenNow = ({ id, metadata, mergeableKeys }: SessionState): WrittenState => ({ id, metadata, mergeableKeys })

/** Lets the session continue from its new record. Options and ids that came during the write wait for the next commit. */
function adoptRecord(state: SessionState, stored: Stored, writtenState: WrittenState, seenAt: number): void {
  const { id, metadata } = stored
  state.stored = stored
  state.seenAt = seenAt
  if (state.id === writtenState.id) {
    state.id = id
    state.mustRotate = false
  } else state.mustRotate = true
  if (state.metadata === writtenState.metadata) {
    state.metadata = metadata
    state.cookieChanged = false
  }
  if (state.mergeableKeys === writtenState.mergeableKeys) state.mergeableKeys = null
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
