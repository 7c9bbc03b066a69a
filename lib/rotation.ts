import type { RecordStore, Tombstone } from './record-store.ts'
import { retry } from './retry.ts'
import { unseal } from './seal.ts'

/**
 * Ends the session under `id`, and whatever came out of it by rotation, also by one that is on its way: the rotation then
 * finds nothing to replace, and takes its new record back.
 *
 * @param bytes what was found there
 * @throws `FST_SESSION_STORE`, `FST_SESSION_CONFLICT`
 */
export async function end(records: RecordStore, id: string, bytes: Uint8Array): Promise<void> {
  if (!records.canReplace) return records.remove(id)
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

async function endSuccessors(records: RecordStore, { id, successors }: Tombstone): Promise<void> {
  for (const sealed of successors) {
    const successor = unseal(id, sealed)
    if (successor === null) continue
    const found = await records.read(successor)
    if (found.kind === 'rotated') await endRotated(records, found.tombstone)
    else if (found.kind === 'session') await end(records, successor, found.stored.bytes)
  }
}
