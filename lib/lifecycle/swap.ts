import type { Concurrency } from '../../types/options.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Data } from '../record/codec.ts'
import type { Draft, Found, Records, Replacement, Stored } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'
import { renewId, writeRecord } from './first-write.ts'
import { merge } from './merge.ts'
import { retry } from './retry.ts'
import { bury, leadsTo } from './rotation.ts'

/** One side of a commit: what this request makes of the session. */
export interface Change {
  readonly state: SessionState
  /** The data to write, as they are now. */
  readonly data: Data
  /** The same in a record, with the metadata that the session was loaded with. */
  readonly record: Uint8Array
  /** What of the state belongs to the record: the handler may have asked for more since. */
  readonly scope: SessionState['scope']
  readonly at: number
  /** What this process has written last: what is known to be outdated need not be tried. */
  readonly hint: Uint8Array | undefined
  /** Makes the data to write out of this request's side; runs again on newer data after a conflict. */
  readonly derive?: ((ours: Data) => Promise<Data>) | undefined
}

/** What a session asked for when it was written: what it asks for later is for the next commit. */
export type Asked = Pick<SessionState, 'id' | 'metadata' | 'scope'>

export interface Committed {
  /** The record as it stands now; `null`: there is none any more. */
  readonly stored: Stored | null
  /** The data in it. */
  readonly data: Data
  readonly asked: Asked
  readonly attempts: number
  /** Keys that another request had changed as well. */
  readonly conflicts: number
  /** The data hold what others have changed. */
  readonly merged: boolean
}

/**
 * Brings a stored session up to what a request made of it: compares and swaps against the record that it was loaded from,
 * and on a conflict merges with what is there now, until it holds. What is gone stays gone.
 *
 * @throws `FST_SESSION_GONE`, `FST_SESSION_CONFLICT`, `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`
 */
export function commitStored(
  records: Records,
  base: Stored,
  concurrency: Concurrency,
  change: Change
): Promise<Committed> {
  return new StoredCommit(records, base, concurrency, change).run()
}

class StoredCommit {
  readonly #records: Records
  readonly #concurrency: Concurrency
  readonly #change: Change
  /** What is to be replaced. */
  #expected: Stored
  #ours: Data
  /** The record that the change came with, and the metadata in it. */
  readonly #made: Draft['record']
  #written: Pick<Committed, 'data' | 'stored' | 'asked'>
  #merged = false
  #conflicts = 0
  /** Ids of new records of rotations, which nobody has been told of. */
  #newIds: readonly string[]

  constructor(records: Records, base: Stored, concurrency: Concurrency, change: Change) {
    this.#records = records
    this.#concurrency = concurrency
    this.#change = change
    this.#expected = base
    this.#ours = change.data
    this.#made = { bytes: change.record, metadata: base.metadata }
    this.#written = { data: change.data, stored: null, asked: change.state }
    this.#newIds = change.state.strays
  }

  async run(): Promise<Committed> {
    const { state, hint } = this.#change
    try {
      if (hint !== undefined && Buffer.compare(hint, this.#expected.bytes) !== 0) {
        this.#takeIn(await this.#records.interpret(this.#expected.id, hint))
      }
      const attempts = await retry(() => this.#attempt())
      state.unconfirmed = null
      if (this.#newIds.length > 0) await this.#takeBack()
      const { data, stored, asked } = this.#written
      return { data, stored, asked, attempts, conflicts: this.#conflicts, merged: this.#merged }
    } catch (error) {
      // Whether the old record was replaced is not known: taking the new one back could end the session.
      if (error instanceof SessionUnavailableError) state.strays = this.#newIds
      else await this.#takeBack()
      throw error
    }
  }

  /** @returns `false`: another request was faster, and what it changed is taken in */
  async #attempt(): Promise<boolean> {
    const { state, scope, derive, at } = this.#change
    const before = state.metadata
    const data = derive === undefined ? this.#ours : await derive(this.#ours)
    if (state.rotated) renewId(state)
    const asked = { id: state.id, metadata: state.metadata, scope: derive === undefined ? scope : state.scope }
    const metadata = { ...state.metadata, last_access: Math.max(at, state.metadata.last_access) }
    // After a merge, or in an update(), the data are no longer what the record was made of.
    const record = data === this.#change.data ? this.#made : undefined
    const draft = Object.keys(data).length === 0 ? null : { data, metadata, record }
    const { id, bytes } = this.#expected
    const isRotation = draft !== null && state.rotated
    const attempted = isRotation ? await this.#rotate(draft) : await this.#records.replace(id, bytes, draft)
    if (attempted.ok) {
      this.#written = { data, stored: attempted.stored, asked }
      return true
    }
    // What the function asked of the cookie goes with its run.
    if (derive !== undefined) state.metadata = before
    this.#takeIn(attempted.found)
    return false
  }

  async #rotate(draft: Draft): Promise<Replacement> {
    const { state } = this.#change
    const newId = String(state.id)
    this.#newIds = [...this.#newIds, newId]
    // The new record first: if the process dies in between, the old one holds what it held before.
    const stored = await writeRecord(this.#records, state, draft)
    state.unconfirmed = stored
    const found = await bury(this.#records, this.#expected, newId)
    if (found !== null) return { ok: false, found }
    this.#newIds = this.#newIds.filter((id) => id !== newId)
    return { ok: true, stored }
  }

  #takeIn(there: Found): void {
    const found = this.#ownRotation(there) ?? there
    if (found.kind !== 'session') throw new SessionGoneError()
    const { state, record, scope } = this.#change
    const { codec } = this.#records
    const { id, record: base, metadata } = this.#expected
    const mine = this.#merged ? this.#ours : codec.restore(record)
    const { data, conflicts } = merge(codec.restore(base), mine, found.data, scope ?? undefined)
    if (channels.conflict.hasSubscribers) {
      channels.conflict.publish({ fingerprint: fingerprint(id), keys: conflicts.length })
    }
    this.#conflicts += conflicts.length
    if (this.#conflicts > 0 && this.#concurrency === 'reject') throw new SessionConflictError()
    state.metadata = merge(metadata, state.metadata, found.stored.metadata).data as RecordMetadata
    this.#ours = data
    this.#expected = found.stored
    this.#merged = true
  }

  /** An earlier rotation of this request, whose answer was lost, did take place: the session goes on from there. */
  #ownRotation(there: Found): (Found & { kind: 'session' }) | null {
    const { unconfirmed } = this.#change.state
    if (there.kind !== 'rotated' || unconfirmed === null || !leadsTo(there.tombstone, unconfirmed.id)) return null
    this.#newIds = this.#newIds.filter((id) => id !== unconfirmed.id)
    return { kind: 'session', stored: unconfirmed, data: this.#records.codec.restore(unconfirmed.record) }
  }

  /** Nobody was told of these new records. What cannot be removed now, expires. */
  #takeBack(): Promise<unknown> {
    this.#change.state.strays = []
    this.#change.state.unconfirmed = null
    return Promise.allSettled(this.#newIds.map((id) => this.#records.remove(id)))
  }
}
