import type { Enlisted } from '../../types/users/sessions-by-user.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import { SessionGoneError, SessionLimitError, SessionUnavailableError } from '../errors.ts'
import { boundIn } from '../metadata.ts'
import type { Draft, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'

/**
 * Gives the session another id if the store did not answer a write under the present one. That write may still arrive, and
 * would overwrite a later one. Call this before each attempt to write a record under a new id.
 */
export function renewId(state: SessionState): void {
  if (state.id !== undefined && state.id === state.unanswered) state.id = state.kind.newId()
}

/**
 * Writes the session's record without comparing, and notes the id if the store did not answer. If the session belongs to a
 * user and the record has a new id, the record enters the list of the user.
 * @param base the record that the session was loaded from. `null` for a new session
 * @throws `FST_SESSION_STORE`, and the other errors of `Records.write()`; `FST_SESSION_GONE` if somebody has ended the
 *   session or all sessions of the user; `FST_SESSION_LIMIT`
 */
export function writeRecord(
  records: Records,
  state: SessionState,
  draft: Draft,
  base: Stored | null
): MaybePromise<Stored> {
  const { id } = state
  return settle(
    () => write(records, state, draft, base),
    (stored) => stored,
    (error) => {
      if (error instanceof SessionUnavailableError) state.unanswered = id
      throw error
    }
  )
}

function write(records: Records, state: SessionState, draft: Draft, base: Stored | null): MaybePromise<Stored> {
  const { id = '', label, mustRotate } = state
  const bound = boundIn(draft.metadata)
  if (bound === undefined || !records.canBind || (base !== null && !mustRotate)) return records.write(id, draft)
  const isListed = base !== null && boundIn(base.metadata)?.handle === bound.handle
  const entering = { bound, isListed, label }
  if (records.ownsIds) {
    return when(records.listWriter.enter(draft, entering), (answer) => {
      noteEntry(state, answer)
      return records.write(id, draft)
    })
  }
  return when(records.listWriter.write(id, draft, entering), ({ answer, stored }) => {
    noteEntry(state, answer)
    return stored
  })
}

/** @throws `FST_SESSION_GONE`, `FST_SESSION_LIMIT` */
function noteEntry(state: SessionState, answer: Enlisted): void {
  if (!answer.enlisted) throw answer.reason === 'full' ? new SessionLimitError() : new SessionGoneError()
  state.evicted = answer.evicted
  state.label = undefined
}

/**
 * Takes the record of a session out of the list of its user, if the session now has another id, another user or none. The
 * visitor does not wait for it.
 * @param now the record that the session continues from
 */
export function leaveList(records: Records, old: Stored, now: Stored | null): MaybePromise<void> {
  const bound = boundIn(old.metadata)
  if (bound === undefined) return undefined
  // The list of a store that makes the ids knows only the handle.
  const isSameId = now !== null && (records.ownsIds || now.id === old.id)
  if (isSameId && boundIn(now.metadata)?.handle === bound.handle) return undefined
  const left = records.delist(old)
  // A logout waits, so that the list is right when the visitor sees it.
  return now === null || isSameId ? left : undefined
}
