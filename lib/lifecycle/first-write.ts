import { SessionUnavailableError } from '../errors.ts'
import type { Draft, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'
import { type MaybePromise, settle } from '../when.ts'

/**
 * Gives the session another id if the store did not answer a write under the present one. That write may still arrive, and
 * would overwrite a later one. Call this before each attempt to write a record under a new id.
 */
export function renewId(state: SessionState): void {
  if (state.id !== undefined && state.id === state.unanswered) state.id = state.kind.newId()
}

/**
 * Writes the session's record without comparing, and notes the id if the store did not answer.
 * @throws `FST_SESSION_STORE`, and the other errors of `Records.write()`
 */
export function writeRecord(records: Records, state: SessionState, draft: Draft): MaybePromise<Stored> {
  const { id } = state
  return settle(
    () => records.write(id ?? '', draft),
    (stored) => stored,
    (error) => {
      if (error instanceof SessionUnavailableError) state.unanswered = id
      throw error
    }
  )
}
