import type { Concurrency } from '../types/options.ts'
import { channels, fingerprint } from './diagnostics.ts'
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from './errors.ts'
import { merge } from './merge.ts'
import { renewId, writeRecord } from './new-record.ts'
import type { Data, RecordMetadata } from './record.ts'
import type { Found, RecordStore, Stored } from './record-store.ts'
import { retry } from './retry.ts'
import { bury } from './rotation.ts'
import type { SessionState } from './session.ts'

/** One side of a commit: what this request makes of the session. */
export interface Change {
  readonly state: SessionState
  /** The data to write, as they are now. */
  readonly data: Data
  /** The same, serialized. */
  readonly snapshot: Uint8Array
  /** What of the state belongs to the snapshot: the handler may have asked for more since. */
  readonly scope: SessionState['scope']
  readonly at: number
  /** What this process has written last: what is known to be outdated need not be tried. */
  readonly hint: Uint8Array | undefined
  /** Makes the data to write out of this request's side; runs again on newer data after a conflict. */
  readonly derive?: (ours: Data) => Promise<Data>
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
export async function commitStored(
  records: RecordStore,
  base: Stored,
  concurrency: Concurrency,
  change: Change
): Promise<Committed> {
  const { state, snapshot, scope, derive } = change
  const { codec } = records
  let expected = base
  let ours = change.data
  let written: Pick<Committed, 'data' | 'stored' | 'asked'> = { data: ours, stored: null, asked: state }
  let merged = false
  let conflicts = 0
  const newIds = new Set(state.strays)

  const takeIn = (found: Found): false => {
    if (found.kind !== 'session') throw new SessionGoneError()
    const mine = merged ? ours : codec.restore(snapshot)
    const result = merge(codec.restore(expected.baseline), mine, found.data, scope ?? undefined)
    if (channels.conflict.hasSubscribers) {
      channels.conflict.publish({ fingerprint: fingerprint(expected.id), keys: result.conflicts.length })
    }
    conflicts += result.conflicts.length
    if (conflicts > 0 && concurrency === 'reject') throw new SessionConflictError()
    state.metadata = merge(expected.metadata, state.metadata, found.stored.metadata).data as RecordMetadata
    ours = result.data
    expected = found.stored
    merged = true
    return false
  }

  const attempt = async (): Promise<boolean> => {
    const before = state.metadata
    const data = derive === undefined ? ours : await derive(ours)
    if (state.rotated) renewId(state)
    const asked = { id: state.id, metadata: state.metadata, scope: derive === undefined ? scope : state.scope }
    const refused = (found: Found): false => {
      // What the function asked of the cookie goes with its run.
      if (derive !== undefined) state.metadata = before
      return takeIn(found)
    }
    const { id } = expected
    if (Object.keys(data).length === 0) {
      const swapped = await records.swap(id, expected.bytes, null)
      if (!swapped.ok) return refused(swapped.found)
      written = { data, stored: null, asked }
      return true
    }
    const metadata = { ...state.metadata, last_access: Math.max(change.at, state.metadata.last_access) }
    const baseline = data === change.data ? snapshot : codec.snapshot(data)
    const draft = { data, metadata }
    if (state.rotated) {
      const newId = String(state.id)
      newIds.add(newId)
      // The new record first: if the process dies in between, the old one holds what it held before.
      const { bytes } = await writeRecord(records, state, draft)
      const found = await bury(records, expected, newId)
      if (found !== null) return refused(found)
      newIds.delete(newId)
      written = { data, stored: { id: newId, bytes, baseline, metadata }, asked }
      return true
    }
    const swapped = await records.swap(id, expected.bytes, draft)
    if (!swapped.ok) return refused(swapped.found)
    written = { data, stored: { id, bytes: swapped.bytes as Uint8Array, baseline, metadata }, asked }
    return true
  }

  // Nobody was told of these new records. What cannot be removed now, expires.
  const takeBack = () => {
    state.strays = []
    return Promise.allSettled([...newIds].map((id) => records.remove(id)))
  }

  try {
    if (change.hint !== undefined && Buffer.compare(change.hint, expected.bytes) !== 0) {
      takeIn(await records.interpret(expected.id, change.hint))
    }
    const attempts = await retry(attempt)
    await takeBack()
    return { ...written, attempts, conflicts, merged }
  } catch (error) {
    // Whether the old record was replaced is not known: taking the new one back could end the session.
    if (error instanceof SessionUnavailableError) state.strays = [...newIds]
    else await takeBack()
    throw error
  }
}
