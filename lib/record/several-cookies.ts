import type { Found } from './record.ts'
import type { Records } from './records.ts'

/** What tells more about a visitor comes before what tells less. */
const RANKS = { session: 3, rotated: 2, unusable: 1, missing: 0 } as const

/**
 * What to load when a browser sends several cookies of one name, because the option `cookie.domain` or `cookie.path` was
 * another one when it got the first.
 * @returns the first session. A store that owns the ids opens every value that it has ever made, so of its sessions it is the
 *   one that was written last. Without a session, the first of what tells most
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
