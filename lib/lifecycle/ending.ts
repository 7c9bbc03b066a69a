import type { MaybePromise } from '../base/when.ts'
import { SessionConflictError, SessionGoneError } from '../errors.ts'
import type { RecordMetadata } from '../metadata.ts'
import { type Remnant, TOMBSTONE_SECONDS, type Tombstone } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { retry } from './order/retry.ts'
import { unseal } from './seal.ts'

/** The most records that one destroy() reads to find the sessions that a session was rotated into. */
const MOST_ENDED = 256
/**
 * A record that is missing now was ended if this process saw it at most so long ago. The margin is for stores that count
 * in whole seconds.
 */
const KNOWN_MS = (TOMBSTONE_SECONDS - 5) * 1000

/** The bytes that a store had under an id when this process last read them. */
export interface Seen {
  readonly id: string
  readonly bytes: Uint8Array
  /** Of the session. `undefined` for other records. */
  readonly metadata?: RecordMetadata | undefined
  /** The start of that read (`performance.now()`). */
  readonly seenAt: number
}

/**
 * Ends a session, and the sessions that it was rotated into. A rotation that is under way finds nothing to replace, and
 * removes its new record again. The bytes may be those of a record that this process cannot use.
 *
 * @throws `FST_SESSION_STORE`; `FST_SESSION_GONE` if a session that this one was rotated into may still exist
 */
export function end(records: Records, seen: Seen): Promise<void> {
  return new Ending(records).end(seen)
}

/** Ends the record that was under an id instead of a session, and the sessions that a tombstone leads to. */
export function endRemnant(records: Records, remnant: Remnant, seenAt: number): Promise<void> {
  const ending = new Ending(records)
  if (remnant.kind === 'rotated') return ending.endRotated(remnant.tombstone, seenAt)
  return ending.end({ id: remnant.id, bytes: remnant.bytes, seenAt })
}

class Ending {
  readonly #records: Records
  #visits = 0

  constructor(records: Records) {
    this.#records = records
  }

  async end(seen: Seen): Promise<void> {
    if (!this.#records.canReplace) return this.#remove(seen)
    try {
      await this.#endCompared(seen)
    } catch (error) {
      if (!(error instanceof SessionConflictError)) throw error
      // Requests that write all the time must not keep the session alive, so remove the record without comparing. If the
      // last of them has just rotated the session, the new session stays.
      await this.#remove(seen)
    }
  }

  async #remove({ id, metadata }: Seen): Promise<void> {
    await this.#records.remove(id)
    await this.#leaveList(id, metadata)
  }

  /** Only what was ended here leaves the list. What somebody else has ended, they take out. */
  #leaveList(id: string, metadata: RecordMetadata | undefined): MaybePromise<void> {
    return metadata && this.#records.delist({ id, metadata })
  }

  /** Ends the sessions that the tombstone leads to, and then removes the tombstone. */
  async endRotated(tombstone: Tombstone, seenAt: number): Promise<void> {
    await this.#endSuccessors(tombstone, seenAt)
    await this.end({ id: tombstone.id, bytes: tombstone.bytes, seenAt })
  }

  async #endCompared({ id, bytes, seenAt, metadata }: Seen): Promise<void> {
    let expected = bytes
    let known = metadata
    let knownSince = seenAt
    await retry(async () => {
      const began = performance.now()
      const replacement = await this.#records.replace(id, expected, null)
      if (replacement.ok) {
        await this.#leaveList(id, known)
        return true
      }
      const { found } = replacement
      if (found.kind === 'missing') {
        assertEnded(knownSince)
        return true
      }
      knownSince = began
      if (found.kind === 'rotated') {
        await this.#endSuccessors(found.tombstone, began)
        // Removing the tombstone compares too, because another rotation may have added its successor meanwhile.
        expected = found.tombstone.bytes
      } else if (found.kind === 'session') {
        expected = found.stored.bytes
        known = found.stored.metadata
      } else {
        expected = found.bytes
      }
      return false
    })
  }

  async #endSuccessors({ id, successors }: Tombstone, seenAt: number): Promise<void> {
    let isReadable = true
    for (const sealed of successors) {
      const successor = unseal(id, sealed)
      if (successor === null) {
        isReadable = false
        continue
      }
      if (++this.#visits > MOST_ENDED) throw new SessionGoneError()
      const began = performance.now()
      const found = await this.#records.read(successor)
      if (found.kind === 'missing') assertEnded(seenAt)
      else if (found.kind === 'rotated') await this.endRotated(found.tombstone, began)
      else {
        const { bytes, metadata } =
          found.kind === 'session' ? found.stored : { bytes: found.bytes, metadata: undefined }
        await this.end({ id: successor, bytes, metadata, seenAt: began })
      }
    }
    // Another version of this library may have written the tombstone. Its session lives on, so this is no logout.
    if (!isReadable) throw new SessionGoneError()
  }
}

/**
 * A record that was seen a moment ago and is missing now has been ended, because a rotation would have left a tombstone.
 * After a longer time the tombstone may have expired. The session may then live on under an id that this process does not
 * know.
 */
function assertEnded(seenAt: number): void {
  if (performance.now() - seenAt > KNOWN_MS) throw new SessionGoneError()
}
