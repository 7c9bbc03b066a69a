import { SessionConflictError } from './errors.ts'
import type { Found, RecordStore, Stored, Tombstone } from './record-store.ts'
import { retry } from './retry.ts'
import { seal, unseal } from './seal.ts'

/**
 * Replaces the old record by a tombstone that leads to the new one, which must have been written before.
 * @returns what is there instead; `null`: it is done
 */
export async function bury(records: RecordStore, old: Stored, newId: string): Promise<Found | null> {
  const sealed = seal(old.id, newId)
  let { bytes } = old
  let successors: readonly string[] = [sealed]
  for (;;) {
    const swapped = await records.bury(old.id, bytes, successors, old.metadata)
    if (swapped.ok) return null
    if (swapped.found.kind !== 'rotated') return swapped.found
    const { tombstone } = swapped.found
    // An earlier attempt whose answer was lost has named it. Replaced all the same, so that a destroy() that did not find
    // the new record looks again.
    const isNamed = tombstone.successors.some((other) => unseal(old.id, other) === newId)
    // Another request rotated the same session, and what came out of it has been ended: so has the session.
    if (!isNamed && !(await livesOn(records, tombstone))) return { kind: 'missing' }
    // Otherwise a destroy() by the old id has to find both.
    bytes = tombstone.bytes
    successors = isNamed ? tombstone.successors : [...tombstone.successors, sealed]
  }
}

/**
 * Ends the session under `id`, and whatever came out of it by rotation, also by one that is on its way: the rotation then
 * finds nothing to replace, and takes its new record back.
 *
 * @param bytes what was found there
 * @throws `FST_SESSION_STORE`
 */
export async function end(records: RecordStore, id: string, bytes: Uint8Array): Promise<void> {
  if (!records.canReplace) return records.remove(id)
  try {
    await endCompared(records, id, bytes)
  } catch (error) {
    if (!(error instanceof SessionConflictError)) throw error
    // Whoever writes without a pause must not keep a session from being ended. Had the last of so many writes been a
    // rotation, what came out of it would stay.
    await records.remove(id)
  }
}

async function endCompared(records: RecordStore, id: string, bytes: Uint8Array): Promise<void> {
  let expected = bytes
  await retry(async () => {
    const swapped = await records.swap(id, expected, null)
    if (swapped.ok || swapped.found.kind === 'missing') return true
    const { found } = swapped
    if (found.kind === 'rotated') {
      await endSuccessors(records, found.tombstone)
      // Replaced by comparison, as well: another rotation may have added its successor meanwhile.
      expected = found.tombstone.bytes
    } else {
      expected = found.kind === 'session' ? found.stored.bytes : found.bytes
    }
    return false
  })
}

/** Ends what came out of a session that was rotated away, and forgets where it went. */
export async function endRotated(records: RecordStore, tombstone: Tombstone): Promise<void> {
  await endSuccessors(records, tombstone)
  await end(records, tombstone.id, tombstone.bytes)
}

async function endSuccessors(records: RecordStore, tombstone: Tombstone): Promise<void> {
  for await (const found of successorsOf(records, tombstone)) {
    if (found.kind === 'rotated') await endRotated(records, found.tombstone)
    else if (found.kind === 'session') await end(records, found.stored.id, found.stored.bytes)
  }
}

/** Whether anything that came out of a session that was rotated away is still there. */
async function livesOn(records: RecordStore, tombstone: Tombstone): Promise<boolean> {
  for await (const found of successorsOf(records, tombstone)) {
    if (found.kind === 'session' || (found.kind === 'rotated' && (await livesOn(records, found.tombstone)))) return true
  }
  return false
}

async function* successorsOf(records: RecordStore, { id, successors }: Tombstone): AsyncGenerator<Found> {
  for (const sealed of successors) {
    const successor = unseal(id, sealed)
    if (successor !== null) yield await records.read(successor)
  }
}
