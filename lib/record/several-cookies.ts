import type { Found } from './record.ts'
import type { Records } from './records.ts'

/** A result of higher rank tells more about the visitor. */
const RANKS = { session: 3, rotated: 2, unusable: 1, missing: 0 } as const

/**
 * Finds the session of a browser that sends several cookies of one name. Such a browser got the first cookie while the
 * option `cookie.domain` or `cookie.path` had another value.
 * @returns the first session. If the store owns the ids, the session that was written last, because such a store opens
 *   every cookie that it has ever made. Without a session, the first result of the highest rank
 * @throws `FST_SESSION_STORE`
 */
export async function firstThatOpens(records: Records, values: readonly string[]): Promise<Found> {
  let best: Found = { kind: 'missing' }
  for (const value of values) {
    const found = await records.read(value)
    if (found.kind === 'session' && !records.ownsIds) return found
    if (isBetter(found, best)) best = found
  }
  return best
}

function isBetter(found: Found, best: Found): boolean {
  if (found.kind !== 'session' || best.kind !== 'session') return RANKS[found.kind] > RANKS[best.kind]
  return found.stored.metadata.last_access > best.stored.metadata.last_access
}
