import type { Session } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Data, Found, RecordForm, Remnant, Stored } from '../record/record.ts'
import type { Expiry } from '../settings.ts'

/**
 * Seconds after a rotation in which a browser may still send the old id, because the response with the new one is on its
 * way. A browser that sends the old id later has never got the new one.
 */
const LATE_SECONDS = 10

/** The part of a session that all sessions of a registration share. */
export interface SessionKind {
  readonly expiry: Expiry
  newId(): string | undefined
  /** Sessions can belong to a user, because the store lists them. */
  readonly canBind: boolean
  labelOf(label: unknown): { readonly bytes: Uint8Array; readonly size: number }
  /** @throws `FST_SESSION_SERIALIZE` */
  recordOf(data: Data, metadata: RecordMetadata): RecordForm
  /** @throws `FST_SESSION_SERIALIZE` */
  isChanged(data: Data, stored: Stored): boolean
}

/** The commands that need the store. A session only passes them on. */
export interface SessionCommands {
  save(): Promise<void>
  destroy(): Promise<void>
  reload(): Promise<void>
  ended(): AbortSignal
  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T>
}

/** The private state of a session. The lifecycle works on it. */
export interface SessionState {
  readonly kind: SessionKind
  readonly commands: SessionCommands
  /** `undefined` if the store makes the ids and has not written the session yet. */
  id: string | undefined
  /** The record that was loaded or written last. `null` if the session is not stored. */
  stored: Stored | null
  /** The tombstone or the unusable record under the request's id, if there is no session. `destroy()` ends it. */
  remnant: Remnant | null
  /** The session was rotated a moment ago. The browser has, or is about to get, the new cookie, which must stay. */
  isSuperseded: boolean
  /** The start of the last call to the store that found the session (`performance.now()`). */
  seenAt: number
  metadata: RecordMetadata
  /** The session is to get a new id, but its record is still under the old one. */
  mustRotate: boolean
  /**
   * The new record of a rotation whose answer was lost. The old id may be dead, so the browser gets the cookie of the new
   * record, even with an error. Otherwise the visitor would be logged out.
   */
  unconfirmed: Stored | null
  /** `options()` has changed the cookie, so it has to be issued again. */
  cookieChanged: boolean
  /** The keys that a merge may take from another request, after `clear()` or `regenerate()`. `null` means all keys. */
  mergeableKeys: ReadonlySet<string> | null
  /** What the list of the user's sessions shows about the session. It waits for the next commit. */
  label: Uint8Array | undefined
  /** The handles of the sessions that have ended, because this one needed their room. */
  evicted: readonly string[]
  /** The read has prolonged the record already. */
  prolonged: boolean
  /** A new id, if the store did not answer the write under it. */
  unanswered?: string | undefined
  /** Data under the names of members. They are not properties, so they shadow no member. Most sessions have none. */
  aside: Map<string, unknown> | null
}

const NO_HANDLES: readonly string[] = []

/**
 * The private state of a session after a load.
 * @param seenAt the start of the read (`performance.now()`)
 * @param readProlongs the read has prolonged the record that it found
 */
export function stateFor(
  found: Found,
  kind: SessionKind,
  commands: SessionCommands,
  seenAt: number,
  readProlongs: boolean
): SessionState {
  const stored = found.kind === 'session' ? found.stored : null
  // A session that was found has its times in the record.
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
    mustRotate: false,
    unconfirmed: null,
    cookieChanged: false,
    mergeableKeys: null,
    label: undefined,
    evicted: NO_HANDLES,
    prolonged: stored !== null && readProlongs,
    unanswered: undefined,
    aside: null
  }
}

/** A logout here must not end the session of another cookie. */
function remnantOf(found: Found): Remnant | null {
  const isOurs = found.kind === 'rotated' || (found.kind === 'unusable' && found.reason !== 'other-cookie')
  return isOurs ? found : null
}
