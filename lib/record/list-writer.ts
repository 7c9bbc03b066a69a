import type { Enlisted } from '../../types/users/sessions-by-user.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import type { Expiry } from '../settings.ts'
import { timeLeft } from './expiry.ts'
import type { Draft, Stored } from './record.ts'
import type { RecordBytes } from './record-bytes.ts'
import type { Entering, UserSessions } from './user-sessions.ts'

/** The answer of the list, and the record that was stored if it is `enlisted`. */
export interface Entered {
  readonly answer: Enlisted
  readonly stored: Stored
}

const NO_RECORD = new Uint8Array(0)

/** Writes the first records of users' sessions, together with their entries in the list. */
export class ListWriter {
  readonly #expiry: Expiry
  readonly #bytes: RecordBytes
  readonly #users: UserSessions

  constructor(expiry: Expiry, bytes: RecordBytes, users: UserSessions) {
    this.#expiry = expiry
    this.#bytes = bytes
    this.#users = users
  }

  /**
   * Writes the draft under a new id, and enters it into the list of its user.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  write(id: string, draft: Draft, entering: Entering): MaybePromise<Entered> {
    return when(this.#bytes.encode(id, draft), (stored) =>
      settle(
        () => this.#users.enlist(id, stored.bytes, this.#expiry.lifetime, timeLeft(this.#expiry, stored), entering),
        (answer) => ({ answer, stored }),
        (error) => {
          throw this.#bytes.explained(error, draft)
        }
      )
    )
  }

  /**
   * Makes the entry alone, for a store that makes the ids.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_GONE`
   */
  enter(draft: Draft, entering: Entering): MaybePromise<Enlisted> {
    const { metadata, lastAccess = metadata.last_access } = draft
    const ttl = timeLeft(this.#expiry, { metadata: { ...metadata, last_access: lastAccess } })
    return this.#users.enlist('', NO_RECORD, this.#expiry.lifetime, ttl, entering)
  }
}
