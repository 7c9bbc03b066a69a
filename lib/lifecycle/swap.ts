import type { Concurrency } from '../../types/options.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Body, Data, Draft, Found, Replacement, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'
import { leaveList, renewId, writeRecord } from './first-write.ts'
import { merge } from './merge.ts'
import { retry } from './order/retry.ts'
import { leadsTo, leaveTombstone, moveToNewId, replacedRecord } from './rotation.ts'
import { isBound, isNothing } from './status.ts'

/** What `swap()` has to write for one request. */
export interface SwapInput {
  readonly state: SessionState
  /** The data to write. */
  readonly data: Data
  /** The same data, serialized. */
  readonly body: Body
  /** The session's `mergeableKeys` when the commit began: the keys that a merge may take from another request. */
  readonly mergeableKeys: SessionState['mergeableKeys']
  /** Unix time in seconds. */
  readonly at: number
  /** Whether this commit prolongs a rolling session. Otherwise the session keeps the end that its cookie has. */
  readonly prolongs: boolean
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
export function swap(
  records: Records,
  base: Stored,
  concurrency: Concurrency,
  input: SwapInput
): MaybePromise<Committed> {
  return new Swap(records, base, concurrency, input).run()
}

class Swap implements Committed {
  stored: Stored | null = null
  writtenState: WrittenState
  attempts = 0
  conflicts = 0
  isMerged = false
  data: Data
  readonly #records: Records
  readonly #concurrency: Concurrency
  readonly #input: SwapInput
  /** The record to replace. */
  #expected: Stored
  #ours: Data

  constructor(records: Records, base: Stored, concurrency: Concurrency, input: SwapInput) {
    this.#records = records
    this.#concurrency = concurrency
    this.#input = input
    this.#expected = base
    this.#ours = input.data
    this.data = input.data
    this.writtenState = input.state
  }

  /** Most often the first attempt succeeds. If the store answers at once, there is nothing to wait for. */
  run(): MaybePromise<Committed> {
    let isDone: MaybePromise<boolean>
    try {
      isDone = this.#first()
    } catch (error) {
      return this.#failed(error)
    }
    if (isDone !== true || this.#input.state.unconfirmed !== null) return this.#goOn(isDone)
    this.attempts = 1
    return this
  }

  async #goOn(first: MaybePromise<boolean>): Promise<Committed> {
    try {
      this.attempts = (await first) ? 1 : await retry(() => this.#attempt(), 1)
      await this.#takeBack()
      return this
    } catch (error) {
      return this.#failed(error)
    }
  }

  #first(): MaybePromise<boolean> {
    const { newest } = this.#input
    const { id, bytes } = this.#expected
    if (newest === undefined || Buffer.compare(newest, bytes) === 0) return this.#attempt()
    return when(this.#records.interpret(id, newest), (found) => {
      this.#mergeWith(found)
      return this.#attempt()
    })
  }

  #failed(error: unknown): MaybePromise<never> {
    const fail = (): never => {
      throw error
    }
    // If the store's answer was lost, the tombstone may lead to the new record. So keep the new record: removing it
    // could end the session.
    return error instanceof SessionUnavailableError ? fail() : when(this.#takeBack(), fail)
  }

  /** @returns `false` if another request was faster, after merging that request's changes */
  #attempt(): MaybePromise<boolean> {
    const { derive, state } = this.#input
    const before = state.metadata
    if (derive === undefined) return this.#write(this.#ours, before)
    return derive(this.#ours).then((data) => this.#write(data, before))
  }

  #write(data: Data, before: RecordMetadata): MaybePromise<boolean> {
    const { state, mergeableKeys, derive, at, body, prolongs } = this.#input
    if (state.mustRotate) renewId(state)
    const { id, metadata } = state
    const writtenState = { id, metadata, mergeableKeys: derive === undefined ? mergeableKeys : state.mergeableKeys }
    const isAccess = prolongs || state.mustRotate || state.cookieChanged
    const lastAccess = isAccess ? Math.max(at, metadata.last_access) : metadata.last_access
    // After a merge, and in an update(), the body of the input no longer holds the data.
    const wanted = data === this.#input.data ? body : undefined
    const draft = isNothing(data, state) ? null : { data, metadata, lastAccess, body: wanted }
    return when(this.#replace(draft), (replacement) => {
      if (replacement.ok) {
        const old = this.#expected
        this.data = data
        this.stored = replacement.stored
        this.writtenState = writtenState
        return when(leaveList(this.#records, old, replacement.stored), () => true)
      }
      // An update() runs its function again, so undo what session.options() changed in this run.
      if (derive !== undefined) state.metadata = before
      this.#mergeWith(replacement.found)
      return false
    })
  }

  #replace(draft: Draft | null): MaybePromise<Replacement> {
    const { id, bytes } = this.#expected
    const { mustRotate } = this.#input.state
    if (draft === null || !mustRotate) return this.#records.replace(id, bytes, draft)
    // The record of a user's session enters the list together with its new id, so it needs the two steps.
    return this.#records.canMove && !isBound(draft) ? this.#move(draft) : this.#rotate(draft)
  }

  /** Rotates in one step. If another rotation was faster, rotates in two steps, which add to its tombstone. */
  #move(draft: Draft): MaybePromise<Replacement> {
    const { state } = this.#input
    const { id } = state
    return settle(
      () => moveToNewId(this.#records, this.#expected, id as string, draft),
      (replacement) => {
        if (!replacement.ok) return replacement.found.kind === 'rotated' ? this.#rotate(draft) : replacement
        // An earlier attempt in two steps may have written the new record already. Now it is confirmed.
        if (state.unconfirmed?.id === id) state.unconfirmed = null
        return replacement
      },
      (error) => {
        if (error instanceof SessionUnavailableError) state.unanswered = id
        throw error
      }
    )
  }

  async #rotate(draft: Draft): Promise<Replacement> {
    const { state } = this.#input
    const earlier = state.unconfirmed
    // Write the new record first. If the process dies in between, the old record still holds the session.
    const stored = await this.#writeNew(draft)
    state.unconfirmed = stored
    const found = await leaveTombstone(this.#records, this.#expected, stored.id)
    if (found !== null) return { ok: false, found }
    state.unconfirmed = earlier?.id === stored.id ? null : earlier
    return { ok: true, stored }
  }

  /** A second attempt replaces the record of the first one. The list has it already, and refuses it a second time. */
  #writeNew(draft: Draft): MaybePromise<Stored> {
    const { state } = this.#input
    const { unconfirmed } = state
    if (!isBound(draft) || unconfirmed === null || unconfirmed.id !== state.id) {
      return writeRecord(this.#records, state, draft, this.#expected)
    }
    return when(this.#records.replace(unconfirmed.id, unconfirmed.bytes, draft), replacedRecord)
  }

  #mergeWith(current: Found): void {
    const found = this.#ownRotation(current) ?? current
    if (found.kind !== 'session') throw new SessionGoneError()
    const { state, body, mergeableKeys } = this.#input
    const { codec } = this.#records
    const { id, record: base, metadata } = this.#expected
    const ours = this.isMerged ? this.#ours : codec.dataOf(body)
    const { data, conflicts } = merge(codec.restore(base), ours, found.data, mergeableKeys ?? undefined)
    if (channels.conflict.hasSubscribers) {
      channels.conflict.publish({ fingerprint: fingerprint(id), keys: conflicts.length })
    }
    this.conflicts += conflicts.length
    if (this.conflicts > 0 && this.#concurrency === 'reject') throw new SessionConflictError()
    state.metadata = merge(metadata, state.metadata, found.stored.metadata).data as RecordMetadata
    this.#ours = data
    this.#expected = found.stored
    this.isMerged = true
  }

  /** The new record of this request's earlier rotation, if that rotation took place although its answer was lost. */
  #ownRotation(current: Found): (Found & { kind: 'session' }) | null {
    const { unconfirmed } = this.#input.state
    if (current.kind !== 'rotated' || unconfirmed === null || !leadsTo(current.tombstone, unconfirmed.id)) return null
    return { kind: 'session', stored: unconfirmed, data: this.#records.codec.restore(unconfirmed.record) }
  }

  /** Removes the new record of a rotation that did not take place. Nobody knows its id, so a failure does no harm. */
  #takeBack(): MaybePromise<void> {
    const { state } = this.#input
    const { unconfirmed } = state
    state.unconfirmed = null
    // If the earlier rotation did take place, the swap continues from its record.
    if (unconfirmed === null || unconfirmed.id === this.#expected.id) return undefined
    return settle(
      () => this.#records.remove(unconfirmed.id),
      () => this.#records.delist(unconfirmed),
      () => undefined
    )
  }
}
