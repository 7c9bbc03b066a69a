import { SessionConflictError, SessionGoneError } from '../errors.ts'
import { type Remnant, TOMBSTONE_SECONDS, type Tombstone } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { retry } from './retry.ts'
import { unseal } from './seal.ts'

/** One destroy() reads so many records to find what came out of a session. */
const MOST_ENDED = 256
/** How long a missing record is known to have been ended. The margin is for stores that count in whole seconds. */
const KNOWN_MS = (TOMBSTONE_SECONDS - 5) * 1000

/** What a store had under an id when this process last asked. */
export interface Seen {
  readonly id: string
  readonly bytes: Uint8Array
  /** When this process began to ask (`performance.now()`). */
  readonly seenAt: number
}

/**
 * Ends the session under `id`, and whatever came out of it by rotation, also by one that is on its way: the rotation then
 * finds nothing to replace, and takes its new record back. The bytes may be those of a record that this process cannot use.
 *
 * @throws `FST_SESSION_STORE`; `FST_SESSION_GONE` when a session that came out of this one may still be there
 */
export function end(records: Records, seen: Seen): Promise<void> {
  return new Ending(records).end(seen)
}

/** Ends what an id came upon instead of a session. */
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
    if (!this.#records.canReplace) return this.#records.remove(seen.id)
    try {
      await this.#endCompared(seen)
    } catch (error) {
      if (!(error instanceof SessionConflictError)) throw error
      // Whoever writes without a pause must not keep a session from being ended. Had the last of so many writes been a
      // rotation, what came out of it would stay.
      await this.#records.remove(seen.id)
    }
  }

  /** Ends what came out of a session that was rotated away, and forgets where it went. */
  async endRotated(tombstone: Tombstone, seenAt: number): Promise<void> {
    await this.#endSuccessors(tombstone, seenAt)
    await this.end({ id: tombstone.id, bytes: tombstone.bytes, seenAt })
  }

  async #endCompared({ id, bytes, seenAt }: Seen): Promise<void> {
    let expected = bytes
    let knownSince = seenAt
    await retry(async () => {
      const began = performance.now()
      const replacement = await this.#records.replace(id, expected, null)
      if (replacement.ok) return true
      const { found } = replacement
      if (found.kind === 'missing') {
        assertEnded(knownSince)
        return true
      }
      knownSince = began
      if (found.kind === 'rotated') {
        await this.#endSuccessors(found.tombstone, began)
        // Replaced by comparison, as well: another rotation may have added its successor meanwhile.
        expected = found.tombstone.bytes
      } else {
        expected = found.kind === 'session' ? found.stored.bytes : found.bytes
      }
      return false
    })
  }

  async #endSuccessors({ id, successors }: Tombstone, seenAt: number): Promise<void> {
    for (const sealed of successors) {
      const successor = unseal(id, sealed)
      if (successor === null) continue
      if (++this.#visits > MOST_ENDED) throw new SessionGoneError()
      const began = performance.now()
      const found = await this.#records.read(successor)
      if (found.kind === 'missing') assertEnded(seenAt)
      else if (found.kind === 'rotated') await this.endRotated(found.tombstone, began)
      else {
        const { bytes } = found.kind === 'session' ? found.stored : found
        await this.end({ id: successor, bytes, seenAt: began })
      }
    }
  }
}

/**
 * What was there a moment ago and is missing now has been ended: a rotation would have left a tombstone. Later the
 * tombstone may be gone, too, and the session lives on under an id that nobody here knows.
 */
function assertEnded(seenAt: number): void {
  if (performance.now() - seenAt > KNOWN_MS) throw new SessionGoneError()
}
