import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../errors.ts'
import type { Found, Stored, Tombstone } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { seal, unseal } from './seal.ts'

/** Rotations of one session that meet leave one successor each. A logout under the old id has to find them all. */
const MOST_SUCCESSORS = 16
/** So many records are read to find out whether a rotated session lives on. */
const MOST_READ = 64

/**
 * Replaces the old record by a tombstone that leads to the new one, which must have been written before.
 * @returns what is there instead; `null`: it is done
 * @throws `FST_SESSION_GONE` when the tombstone leads to too many sessions already; `FST_SESSION_STORE` when the store
 *   could not tell, not even when it was asked once more, whether it is done
 */
export async function bury(records: Records, old: Stored, newId: string): Promise<Found | null> {
  try {
    return await entomb(records, old, newId)
  } catch (error) {
    if (!(error instanceof SessionUnavailableError)) throw error
    // The answer is lost, but perhaps the tombstone is there.
    const found = await records.read(old.id).catch(() => null)
    if (found?.kind === 'rotated' && leadsTo(found.tombstone, newId)) return null
    throw error
  }
}

async function entomb(records: Records, old: Stored, newId: string): Promise<Found | null> {
  const sealed = seal(old.id, newId)
  let { bytes } = old
  let successors: readonly string[] = [sealed]
  // An attempt fails because another rotation has added its successor, and no more of them can do so than there is room.
  for (let attempts = 0; attempts <= MOST_SUCCESSORS; attempts++) {
    const replacement = await records.replaceByTombstone(old.id, bytes, successors, old.metadata)
    if (replacement.ok) return null
    if (replacement.found.kind !== 'rotated') return replacement.found
    const { tombstone } = replacement.found
    // An earlier attempt whose answer was lost has named it. Replaced all the same, so that a destroy() that did not find
    // the new record looks again.
    const isNamed = leadsTo(tombstone, newId)
    if (!isNamed) {
      if (tombstone.successors.length >= MOST_SUCCESSORS) throw new SessionGoneError()
      // Another request rotated the same session, and what came out of it has been ended: so has the session.
      if (!(await livesOn(records, tombstone))) return { kind: 'missing' }
    }
    // Otherwise a destroy() by the old id has to find both.
    bytes = tombstone.bytes
    successors = isNamed ? tombstone.successors : [...tombstone.successors, sealed]
  }
  throw new SessionConflictError()
}

/** Whether the session under `newId` came out of the one that was rotated away. */
export function leadsTo({ id, successors }: Tombstone, newId: string): boolean {
  return successors.some((sealed) => unseal(id, sealed) === newId)
}

/** Whether anything that came out of a session that was rotated away is still there. */
async function livesOn(records: Records, tombstone: Tombstone): Promise<boolean> {
  const trail = [tombstone]
  let visits = 0
  for (const { id, successors } of trail) {
    for (const sealed of successors) {
      const successor = unseal(id, sealed)
      if (successor === null) continue
      if (++visits > MOST_READ) return false
      const found = await records.read(successor)
      if (found.kind === 'session') return true
      if (found.kind === 'rotated') trail.push(found.tombstone)
    }
  }
  return false
}
