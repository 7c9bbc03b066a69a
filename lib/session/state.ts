import type { Session } from '../../types/session.ts'
import { now } from '../clock.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Data, Found, Remnant, Stored } from '../record/record.ts'
import type { Expiry } from '../settings.ts'

/**
 * Seconds after a rotation in which a browser may still send the old id, because the response with the new one is on its
 * way. A browser that sends the old id later has never got the new one.
 */
const LATE_SECONDS = 10

/** What the sessions of a registration have in common. */
export interface SessionKind {
  readonly expiry: Expiry
  newId(): string | undefined
  /** @throws `FST_SESSION_SERIALIZE` */
  recordOf(data: Data, metadata: RecordMetadata): Uint8Array
  /** @throws `FST_SESSION_SERIALIZE` */
  isChanged(data: Data, stored: Stored): boolean
}

/** What a session can ask for. It does nothing to a store itself. */
export interface SessionCommands {
  save(): Promise<void>
  destroy(): Promise<void>
  reload(): Promise<void>
  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T>
}

/** The inside of a session, for the lifecycle. */
export interface SessionState {
  readonly kind: SessionKind
  readonly commands: SessionCommands
  /** `undefined`: a cookie store's, not written yet. */
  id: string | undefined
  /** The record that the session was loaded from, or last written as; `null`: nothing in the store. */
  stored: Stored | null
  /** What the request's id came upon instead of a session: `destroy()` ends it. */
  remnant: Remnant | null
  /** The browser gets, or has, the cookie of the session that this one was rotated into: another must not replace it. */
  isSuperseded: boolean
  /** When this process last began to ask the store and then found the session there (`performance.now()`). */
  seenAt: number
  metadata: RecordMetadata
  /** A new id was asked for; the record still stands under the old one. */
  rotated: boolean
  /**
   * The new record of a rotation whose answer was lost. The old id may be dead, so the browser gets the cookie of the new
   * one, even with an error: otherwise the visitor would be logged out.
   */
  unconfirmed: Stored | null
  /** `options()` changed how the cookie is to be issued. */
  cookieChanged: boolean
  /** The keys that a merge may take from another request, after `clear()` or `regenerate()`; `null`: all. */
  scope: ReadonlySet<string> | null
  /** The read has prolonged the record already. */
  prolonged: boolean
  /** A new id under which a write was not answered. */
  unanswered?: string | undefined
  /** Keys that carry a member's name: never properties, so that they shadow nothing. Most sessions have none. */
  aside: Map<string, unknown> | null
}

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
  // Of a session that is there, the record says when it began.
  const at = stored === null ? now() : 0
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
