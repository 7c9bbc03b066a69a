import type { Concurrency } from '../../types/options.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Data, Draft, Found, Replacement, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'
import { renewId, writeRecord } from './first-write.ts'
import { merge } from './merge.ts'
import { retry } from './retry.ts'
import { leadsTo, leaveTombstone } from './rotation.ts'

/** What `swap()` has to write for one request. */
export interface SwapInput {
  readonly state: SessionState
  /** The data to write. */
  readonly data: Data
  /** The same data in a record, with the metadata that the session was loaded with. */
  readonly record: Uint8Array
  /** The session's `mergeableKeys` when the commit began: the keys that a merge may take from another request. */
  readonly mergeableKeys: SessionState['mergeableKeys']
  /** Unix time in seconds. */
  readonly at: number
  /**
   * The newest bytes that this process wrote for the session. If they differ from the base, the swap merges at once.
   */
  readonly newest: Uint8Array | undefined
  /** Computes the data to write. Gets this request's data, or after a conflict, the merged data. */
  readonly derive?: ((ours: Data) => Promise<Data>) | undefined
}

/**
 * The state that was written with the record. If the session's state differs later, the next commit stores the change.
 */
export type WrittenState = Pick<SessionState, 'id' | 'metadata' | 'mergeableKeys'>

export interface Committed {
  /** The record that the store has now. `null` if the session was removed. */
  readonly stored: Stored | null
  readonly writtenState: WrittenState
  readonly attempts: number
  /** The number of keys that another request had changed as well. */
  readonly conflicts: number
  /** The data contain changes of another request. */
  readonly isMerged: boolean
  readonly data: Data
}

/**
 * Compare and swap: puts this request's data in the place of the record that the session was loaded from. If another
 * request was faster, merges with its data and tries again. A session that has ended stays ended.
 *
 * @throws `FST_SESSION_GONE`, `FST_SESSION_CONFLICT`, `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`
 */
export function swap(records: Records, base: Stored, concurrency: Concurrency, input: SwapInput): Promise<Committed> {
  return new Swap(records, base, concurrency, input).run()
}

class Swap {
  readonly #records: Records
  readonly #concurrency: Concurrency
  readonly #input: SwapInput
  /** The record to replace. */
  #expected: Stored
  #ours: Data
  /** The record that came with the input. */
  readonly #prepared: Draft['record']
  #written: Pick<Committed, 'data' | 'stored' | 'writtenState'>
  #isMerged = false
  #conflicts = 0

  constructor(records: Records, base: Stored, concurrency: Concurrency, input: SwapInput) {
    this.#records = records
    this.#concurrency = concurrency
    this.#input = input
    this.#expected = base
    this.#ours = input.data
    this.#prepared = { bytes: input.record, metadata: base.metadata }
    this.#written = { data: input.data, stored: null, writtenState: input.state }
  }

  async run(): Promise<Committed> {
    const { newest } = this.#input
    try {
      if (newest !== undefined && Buffer.compare(newest, this.#expected.bytes) !== 0) {
        this.#mergeWith(await this.#records.interpret(this.#expected.id, newest))
      }
      const attempts = await retry(() => this.#attempt())
      await this.#takeBack()
      return { ...this.#written, attempts, conflicts: this.#conflicts, isMerged: this.#isMerged }
    } catch (error) {
      // If the store's answer was lost, the tombstone may lead to the new record. So keep the new record: removing it
      // could end the session.
      if (!(error instanceof SessionUnavailableError)) await this.#takeBack()
      throw error
    }
  }

  /** @returns `false` if another request was faster, after merging that request's changes */
  async #attempt(): Promise<boolean> {
    const { state, mergeableKeys, derive, at } = this.#input
    const before = state.metadata
    const data = derive === undefined ? this.#ours : await derive(this.#ours)
    if (state.mustRotate) renewId(state)
    const writtenState = {
      id: state.id,
      metadata: state.metadata,
      mergeableKeys: derive === undefined ? mergeableKeys : state.mergeableKeys
    }
    const metadata = { ...state.metadata, last_access: Math.max(at, state.metadata.last_access) }
    // After a merge, and in an update(), the prepared record no longer holds the data.
    const record = data === this.#input.data ? this.#prepared : undefined
    const draft = Object.keys(data).length === 0 ? null : { data, metadata, record }
    const { id, bytes } = this.#expected
    const isRotation = draft !== null && state.mustRotate
    const replacement = isRotation ? await this.#rotate(draft) : await this.#records.replace(id, bytes, draft)
    if (replacement.ok) {
      this.#written = { data, stored: replacement.stored, writtenState }
      return true
    }
    // An update() runs its function again, so undo what session.options() changed in this run.
    if (derive !== undefined) state.metadata = before
    this.#mergeWith(replacement.found)
    return false
  }

  async #rotate(draft: Draft): Promise<Replacement> {
    const { state } = this.#input
    const earlier = state.unconfirmed
    // Write the new record first. If the process dies in between, the old record still holds the session.
    const stored = await writeRecord(this.#records, state, draft)
    state.unconfirmed = stored
    const found = await leaveTombstone(this.#records, this.#expected, stored.id)
    if (found !== null) return { ok: false, found }
    state.unconfirmed = earlier?.id === stored.id ? null : earlier
    return { ok: true, stored }
  }

  #mergeWith(current: Found): void {
    const found = this.#ownRotation(current) ?? current
    if (found.kind !== 'session') throw new SessionGoneError()
    const { state, record, mergeableKeys } = this.#input
    const { codec } = this.#records
    const { id, record: base, metadata } = this.#expected
    const ours = this.#isMerged ? this.#ours : codec.restore(record)
    const { data, conflicts } = merge(codec.restore(base), ours, found.data, mergeableKeys ?? undefined)
    if (channels.conflict.hasSubscribers) {
      channels.conflict.publish({ fingerprint: fingerprint(id), keys: conflicts.length })
    }
    this.#conflicts += conflicts.length
    if (this.#conflicts > 0 && this.#concurrency === 'reject') throw new SessionConflictError()
    state.metadata = merge(metadata, state.metadata, found.stored.metadata).data as RecordMetadata
    this.#ours = data
    this.#expected = found.stored
    this.#isMerged = true
  }

  /** The new record of this request's earlier rotation, if that rotation took place although its answer was lost. */
  #ownRotation(current: Found): (Found & { kind: 'session' }) | null {
    const { unconfirmed } = this.#input.state
    if (current.kind !== 'rotated' || unconfirmed === null || !leadsTo(current.tombstone, unconfirmed.id)) return null
    return { kind: 'session', stored: unconfirmed, data: this.#records.codec.restore(unconfirmed.record) }
  }

  /** Removes the new record of a rotation that did not take place. Nobody knows its id, so a failure does no harm. */
  async #takeBack(): Promise<void> {
    const { state } = this.#input
    const { unconfirmed } = state
    state.unconfirmed = null
    // If the earlier rotation did take place, the swap continues from its record.
    if (unconfirmed === null || unconfirmed.id === this.#expected.id) return
    await this.#records.remove(unconfirmed.id).catch(() => undefined)
  }
}
