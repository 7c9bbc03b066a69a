import { type MaybePromise, settle } from '../base/when.ts'
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { Draft, Found, Replacement, Stored, Tombstone } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { seal, unseal } from './seal.ts'

/**
 * Several requests may rotate one session at once. The tombstone leads to the new session of each, up to this number.
 */
const MOST_SUCCESSORS = 16
/** The search for a session that still exists reads at most this many records. */
const MOST_READ = 64

/**
 * Replaces the old record by a tombstone that leads to the new record. Write the new record first.
 * @returns `null` on success. Otherwise the result of reading the old id, which has another record or none
 * @throws `FST_SESSION_GONE` if the tombstone leads to too many sessions already; `FST_SESSION_STORE` if the store did
 *   not answer, and a second read did not show the tombstone
 */
export async function leaveTombstone(records: Records, old: Stored, newId: string): Promise<Found | null> {
  try {
    return await putTombstone(records, old, newId)
  } catch (error) {
    if (!(error instanceof SessionUnavailableError)) throw error
    // The answer is lost, but the store may have written the tombstone.
    if (await hasTombstone(records, old.id, newId)) return null
    throw error
  }
}

/**
 * Moves a session to its new id in one step of the store.
 * @throws `FST_SESSION_STORE` if the store did not answer, and a second read did not show the tombstone. The old id is
 *   then taken to be alive, because no other answer keeps a later logout final
 */
export function moveToNewId(records: Records, old: Stored, newId: string, draft: Draft): MaybePromise<Replacement> {
  return settle(
    () => records.move(old, newId, seal(old.id, newId), draft),
    (replacement) => replacement,
    async (error) => {
      if (!(error instanceof SessionUnavailableError)) throw error
      // The answer is lost, but the store may have moved the session.
      if (!(await hasTombstone(records, old.id, newId))) throw error
      const found = await records.read(newId)
      return found.kind === 'session' ? { ok: true, stored: found.stored } : { ok: false, found }
    }
  )
}

/** Whether the store has a tombstone that leads to the new id. `false` as well if the store does not answer. */
async function hasTombstone(records: Records, oldId: string, newId: string): Promise<boolean> {
  try {
    const found = await records.read(oldId)
    return found.kind === 'rotated' && leadsTo(found.tombstone, newId)
  } catch {
    return false
  }
}

async function putTombstone(records: Records, old: Stored, newId: string): Promise<Found | null> {
  const sealed = seal(old.id, newId)
  let { bytes } = old
  let successors: readonly string[] = [sealed]
  // If an attempt fails, another rotation has added its successor. A tombstone has no more than MOST_SUCCESSORS.
  for (let attempts = 0; attempts <= MOST_SUCCESSORS; attempts++) {
    const replacement = await records.replaceByTombstone(old.id, bytes, successors, old.metadata)
    if (replacement.ok) return null
    if (replacement.found.kind !== 'rotated') return replacement.found
    const { tombstone } = replacement.found
    // An earlier attempt whose answer was lost may have added the new id already. Replace the tombstone even then. A
    // destroy() that has not found the new record notices the new tombstone and looks again.
    const isNamed = leadsTo(tombstone, newId)
    if (!isNamed) {
      if (tombstone.successors.length >= MOST_SUCCESSORS) throw new SessionGoneError()
      // Another request rotated the same session, and the new session has been ended. So this session has ended, too.
      if ((await livingSuccessor(records, tombstone)) === null) return { kind: 'missing' }
    }
    // A destroy() with the old id has to find both new sessions, so the tombstone keeps the successors that it has.
    bytes = tombstone.bytes
    successors = isNamed ? tombstone.successors : [...tombstone.successors, sealed]
  }
  throw new SessionConflictError()
}

/** Whether the tombstone leads to the session under `newId`. */
export function leadsTo({ id, successors }: Tombstone, newId: string): boolean {
  return successors.some((sealed) => unseal(id, sealed) === newId)
}

/** The first session that the tombstone leads to and that still exists, or `null`. */
export async function livingSuccessor(records: Records, tombstone: Tombstone): Promise<Stored | null> {
  const trail = [tombstone]
  let visits = 0
  for (const { id, successors } of trail) {
    for (const sealed of successors) {
      const successor = unseal(id, sealed)
      if (successor === null) continue
      if (++visits > MOST_READ) return null
      const found = await records.read(successor)
      if (found.kind === 'session') return found.stored
      if (found.kind === 'rotated') trail.push(found.tombstone)
    }
  }
  return null
}

/**
 * The record that took the place of another one.
 * @throws `FST_SESSION_GONE` if the store had something else
 */
export function replacedRecord(replacement: Replacement): Stored {
  if (!replacement.ok) throw new SessionGoneError()
  return replacement.stored as Stored
}
