import { now } from '../base/clock.ts'
import type { GuardedStore } from './guarded-store.ts'
import { type Found, TOMBSTONE_SECONDS } from './record.ts'

/**
 * A read may have prolonged a record that is no session of this registration. A tombstone must still expire a minute after
 * its rotation. A session of another cookie gets the lifetime of that cookie's registration. A session that its own limit
 * has ended is removed, because the list of its user would still show it.
 */
export function restoreEnd(store: GuardedStore, found: Found): unknown {
  if (found.kind === 'rotated') {
    const { id, bytes, rotatedAt } = found.tombstone
    const left = rotatedAt + TOMBSTONE_SECONDS - now()
    return store.replace(id, bytes, bytes, TOMBSTONE_SECONDS, left > 0 ? left : TOMBSTONE_SECONDS)
  }
  if (found.kind !== 'unusable') return undefined
  const { id, bytes, lifetime, isOverByItself } = found
  if (isOverByItself) return store.replace(id, bytes, null, 1, 1)
  return lifetime === undefined ? undefined : store.replace(id, bytes, bytes, lifetime, lifetime)
}
