import { SessionUnavailableError } from '../errors.ts'
import type { Draft, Stored } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import type { SessionState } from '../session/state.ts'

/**
 * Takes another id when a write under this one was not answered: it may still arrive, and would replace a later one. To
 * be called before each attempt to write a record under an id that is not stored yet.
 */
export function renewId(state: SessionState): void {
  if (state.id !== undefined && state.id === state.unanswered) state.id = state.kind.newId()
}

/**
 * Writes the session's record, whatever is there, and notes when the store did not say that it did.
 * @throws `FST_SESSION_STORE` and what else a write throws
 */
export async function writeRecord(records: Records, state: SessionState, draft: Draft): Promise<Stored> {
  const { id } = state
  try {
    return await records.write(id ?? '', draft)
  } catch (error) {
    if (error instanceof SessionUnavailableError) state.unanswered = id
    throw error
  }
}
