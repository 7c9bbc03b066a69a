import { now } from './clock.ts'
import type { Found, Remnant } from './record-store.ts'
import type { SessionCommands, SessionKind, SessionState } from './session.ts'

/**
 * Seconds after a rotation in which a browser may still send the old id, because the response with the new one is on its
 * way. A browser that sends the old id later has never got the new one.
 */
const LATE_SECONDS = 10
const NO_STRAYS: readonly string[] = []

/**
 * The inside of a session as it is after a load.
 * @param seenAt when the store was asked (`performance.now()`)
 * @param readProlongs the read has prolonged what it found
 */
export function stateFor(
  found: Found,
  kind: SessionKind,
  commands: SessionCommands,
  seenAt: number,
  readProlongs: boolean
): SessionState {
  const stored = found.kind === 'session' ? found.stored : null
  const at = now()
  return {
    kind,
    commands,
    id: stored === null ? kind.newId() : stored.id,
    stored,
    remnant: remnantOf(found),
    isSuperseded: found.kind === 'rotated' && at - found.tombstone.rotatedAt < LATE_SECONDS,
    seenAt,
    metadata: stored === null ? { lifetime: kind.expiry.lifetime, created: at, last_access: at } : stored.metadata,
    rotated: false,
    strays: NO_STRAYS,
    unconfirmed: null,
    cookieChanged: false,
    scope: null,
    prolonged: stored !== null && readProlongs,
    unanswered: undefined,
    aside: null
  }
}

/** The record of another cookie is not this one's to end. */
function remnantOf(found: Found): Remnant | null {
  const isOurs = found.kind === 'rotated' || (found.kind === 'unusable' && found.reason !== 'other-cookie')
  return isOurs ? found : null
}

/** The id that came upon it. */
export const idOf = (remnant: Remnant | null): string | undefined =>
  remnant?.kind === 'rotated' ? remnant.tombstone.id : remnant?.id
