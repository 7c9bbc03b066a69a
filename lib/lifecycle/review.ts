import type { Session } from '../../types/session.ts'
import { now } from '../clock.ts'
import type { Data } from '../record/codec.ts'
import type { Records, Stored } from '../record/records.ts'
import { isSamePlain } from '../record/snapshot.ts'
import { stateOf } from '../session/session.ts'
import type { Expiry } from '../settings.ts'
import type { Draft } from './commit.ts'
import { SETTLED, type Status, statusOf } from './status.ts'

/** What a session has become. */
export type Review = Draft & { readonly status: Status }

const NOTHING = new Uint8Array(0)

/** Finds out what has become of a session since it was loaded. */
export class Reviewer {
  readonly #expiry: Expiry
  readonly #records: Records

  constructor(expiry: Expiry, records: Records) {
    this.#expiry = expiry
    this.#records = records
  }

  /**
   * What the session is now, and what a commit has to do about it.
   * @throws `FST_SESSION_SERIALIZE`
   */
  review(session: Session): Review {
    const state = stateOf(session)
    const { stored } = state
    const at = now()
    const data = session.data() as Data
    // One that is not stored yet is serialized when it is written.
    const record = stored === null ? NOTHING : this.recordOf(data, stored)
    const isChanged = stored !== null && record !== stored.record
    return { data, record, at, status: statusOf(state, this.#expiry, data, isChanged, at) }
  }

  /** @returns `undefined`: it cannot be found out, and the commit says why */
  attempt(session: Session): Review | undefined {
    try {
      return this.review(session)
    } catch {
      return undefined
    }
  }

  /** Whether a commit would store, or remove, something. What cannot be serialized was not stored. */
  hasUnsavedChanges(session: Session): boolean {
    const review = this.attempt(session)
    return review === undefined || !SETTLED.has(review.status)
  }

  /**
   * The record that the data make: the stored one itself when they are what they were. Most are, and to compare them costs
   * a third of serializing them.
   * @throws `FST_SESSION_SERIALIZE`
   */
  recordOf(data: Data, stored: Stored): Uint8Array {
    if (stored.data !== undefined && isSamePlain(data, stored.data)) return stored.record
    const { codec } = this.#records
    const record = codec.serialize(data, stored.metadata)
    return codec.isSame(record, stored) ? stored.record : record
  }
}
