import type { Session } from '../../types/session.ts'
import { now } from '../clock.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { SessionGoneError } from '../errors.ts'
import { CLEAR, type CookieAction, ENDED, NONE, type Outcome } from '../http/cookie.ts'
import { cookieOf } from '../metadata.ts'
import { own } from '../own.ts'
import type { Data } from '../record/codec.ts'
import { cookieMaxAge, isRaised } from '../record/expiry.ts'
import type { Records, Stored } from '../record/records.ts'
import { tell } from '../report.ts'
import { replaceData, stateOf } from '../session/session.ts'
import type { SessionState } from '../session/state.ts'
import type { Expiry, Log, Settings } from '../settings.ts'
import { renewId, writeRecord } from './first-write.ts'
import { merge } from './merge.ts'
import { Turns } from './order/turns.ts'
import { type Asked, type Change, type Committed, commitStored } from './swap.ts'

/** What is to be committed: the data as they are now, and the record that they make. */
export type Draft = Pick<Change, 'data' | 'record' | 'at'>

/** Brings the store up to what a session has become, and the session up to what was stored. */
export class Committer {
  readonly #expiry: Expiry
  readonly #concurrency: Settings['concurrency']
  readonly #records: Records
  /** Commits of one session in one process take turns, and hand on what they wrote, because they would only collide. */
  readonly #turns = new Turns<{ readonly from: Uint8Array; readonly bytes: Uint8Array }>()

  constructor({ expiry, concurrency }: Settings, records: Records) {
    this.#expiry = expiry
    this.#concurrency = concurrency
    this.#records = records
  }

  /** Over what is there, whatever it is: the first write of a session, or a store that cannot compare. */
  async write(state: SessionState, data: Data, at: number): Promise<CookieAction> {
    const began = performance.now()
    if (state.stored === null || state.rotated) renewId(state)
    const asked = { id: state.id, metadata: state.metadata, scope: state.scope }
    const metadata = { ...state.metadata, last_access: at }
    const stored = await writeRecord(this.#records, state, { data, metadata, record: undefined })
    settle(state, stored, asked, began)
    publishCommit(stored.id, began, { attempts: 1, conflicts: 0, bytes: stored.bytes.byteLength })
    return this.#issue(stored, at)
  }

  /** In the place of what the session was loaded from; what others have changed meanwhile is merged in. */
  async swap(session: Session, change: Omit<Change, 'state' | 'scope' | 'hint'>, log: Log): Promise<CookieAction> {
    const state = stateOf(session)
    const base = state.stored as Stored
    const { scope } = state
    const { record, at } = change
    const derive = own(change, 'derive')
    const began = performance.now()
    const committed = await this.#turns.run(base.id, async (turn) => {
      // After a wait the data may have gone on changing: what is committed is the record.
      const data = turn.waited ? this.#records.codec.restore(record) : change.data
      const done = await commitStored(this.#records, base, this.#concurrency, {
        data,
        record,
        derive,
        at,
        state,
        scope,
        // Only who started from the same record can know that it is outdated.
        hint: turn.hint !== undefined && Buffer.compare(turn.hint.from, base.bytes) === 0 ? turn.hint.bytes : undefined
      })
      turn.left = done.stored?.id === base.id ? { from: base.bytes, bytes: done.stored.bytes } : undefined
      return done
    })
    const { attempts, conflicts } = committed
    tell(log, 'debug', { attempts, conflicts }, 'the session was committed')
    return this.#adopt(session, committed, { record, derive, at }, began)
  }

  /** For a store without `replace`, where the last one wins. */
  async overwrite(session: Session, status: 'rotated' | 'changed', { data, at }: Draft): Promise<CookieAction> {
    const state = stateOf(session)
    if (status === 'rotated') renewId(state)
    const { id, stored, strays } = state
    const reissue = this.isReissued(state)
    const began = channels.rotate.hasSubscribers ? performance.now() : 0
    const action = await this.write(state, data, at)
    if (status === 'changed') return reissue ? action : NONE
    try {
      await this.#records.remove((stored as Stored).id)
    } catch (error) {
      const isGone = await this.#records.read((stored as Stored).id).then(
        ({ kind }) => kind === 'missing',
        () => false
      )
      if (!isGone) {
        // The next attempt starts from the old one again.
        const unconfirmed = state.stored
        Object.assign(state, { id, stored, rotated: true, strays: [...strays, String(id)], unconfirmed })
        throw error
      }
    }
    state.strays = []
    state.unconfirmed = null
    await Promise.allSettled(strays.filter((stray) => stray !== id).map((stray) => this.#records.remove(stray)))
    publishRotation(stored?.id, state.stored?.id, began, 1)
    return action
  }

  /** Of a rolling session that nobody has changed. */
  async prolong(session: Session, draft: Draft, log: Log): Promise<Outcome> {
    const state = stateOf(session)
    const stored = state.stored as Stored
    const { canReplace, canTouch } = this.#records
    if (state.prolonged || canTouch) {
      if (!state.prolonged && !(await this.#records.touch(stored.id, state.metadata))) return ENDED
      // A cookie for a session that was rotated or destroyed meanwhile would take the place of a newer one; a tombstone
      // can be touched.
      const isThere = !canReplace || (await this.#records.read(stored.id)).kind === 'session'
      return isThere ? this.#issue(stored, draft.at) : ENDED
    }
    return this.renew(session, draft, log)
  }

  /** Writes what nobody has changed, so that the record, the store and the cookie have the new end. */
  async renew(session: Session, draft: Draft, log: Log): Promise<Outcome> {
    if (!this.#records.canReplace) return this.write(stateOf(session), draft.data, draft.at)
    try {
      return await this.swap(session, draft, log)
    } catch (error) {
      if (error instanceof SessionGoneError) return ENDED
      throw error
    }
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
    const reissue = stored.id !== old || this.isReissued(state)
    settle(state, stored, asked, began)
    if (stored.id !== old) publishRotation(old, stored.id, began, attempts)
    return reissue ? this.#issue(stored, at) : NONE
  }

  /** The cookie of a rotation's new record, where it is not known whether the old one is dead. */
  issueUnconfirmed({ unconfirmed }: SessionState): CookieAction {
    return unconfirmed === null ? NONE : this.#issue(unconfirmed, now())
  }

  /** Whether the browser has to get the cookie although the id is the same. To be asked before the state has the new record. */
  isReissued({ stored, cookieChanged }: SessionState): boolean {
    if (this.#expiry.rolling || this.#records.ownsIds || cookieChanged) return true
    return stored !== null && isRaised(this.#expiry, stored.metadata)
  }

  #issue({ id, metadata }: Stored, at: number): CookieAction {
    const maxAge = cookieMaxAge(this.#expiry, metadata, at, cookieOf(metadata)?.maxAge)
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
function settle(state: SessionState, stored: Stored, asked: Asked, seenAt: number): void {
  const { id, metadata } = stored
  state.stored = stored
  state.seenAt = seenAt
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
