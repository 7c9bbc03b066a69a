/** What the messages of all channels have in common. No message contains an id or session data. */
interface SessionMessage {
  /**
   * A one-way name for the session: the same for the same id, but nobody can compute the id from it. It is `undefined`
   * if the session has no id, as a new session of a cookie store.
   */
  readonly fingerprint?: string | undefined
}

/** On `starsessions:load`: a request has loaded its session. */
export interface SessionLoadMessage extends SessionMessage {
  /** How long loading took, in milliseconds. */
  readonly duration: number
  /**
   * What was under the id of the cookie: a `session`, nothing (`missing`), a record that cannot be used (`unusable`),
   * or an old id whose session has a new one (`rotated`). In the last three cases the request gets a new, empty
   * session.
   */
  readonly found: 'session' | 'missing' | 'unusable' | 'rotated'
  /** Why a session is `unusable` or `missing`, as a short code. It is `undefined` if there is nothing to say. */
  readonly reason: string | undefined
  /** The size of the stored record in bytes, or 0 if no session was found. */
  readonly bytes: number
}

/** On `starsessions:commit`: a changed session was written. */
export interface SessionCommitMessage extends SessionMessage {
  /** How long writing took, in milliseconds, with all attempts. */
  readonly duration: number
  /** How often the library tried to write. Each attempt after the first followed a write of another request. */
  readonly attempts: number
  /** How many keys this request and another one had changed differently. */
  readonly conflicts: number
  /** The size of the written record in bytes. */
  readonly bytes: number
}

/** On `starsessions:conflict`: another request wrote the session first, so the library merges and tries again. */
export interface SessionConflictMessage extends SessionMessage {
  /** How many keys both requests had changed differently. If it is 0, the merge loses nothing. */
  readonly keys: number
}

/** On `starsessions:rotate`: a session was stored under a new id. `fingerprint` belongs to the old id. */
export interface SessionRotateMessage extends SessionMessage {
  /** The fingerprint of the new id. */
  readonly to: string | undefined
  /** How often the library tried to write. */
  readonly attempts: number
  /** How long it took, in milliseconds. */
  readonly duration: number
}

/** On `starsessions:destroy`: `session.destroy()` has removed a session. */
export interface SessionDestroyMessage extends SessionMessage {
  /** How long it took, in milliseconds. */
  readonly duration: number
}

/** On `starsessions:end`: sessions of a user were ended, because of `app.sessionsOf()` or the option `perUser`. */
export interface SessionEndMessage {
  /** A one-way name for the `handle` of each session. */
  readonly fingerprints: readonly string[]
  /** How many sessions were ended. */
  readonly count: number
  /** `ended`: by `end()` or `endAll()`. `evicted`: because the user had too many sessions. */
  readonly reason: 'ended' | 'evicted'
}

/** On `starsessions:refused`: changes were not stored. `fingerprint` belongs to the id of the request. */
export interface SessionRefusedMessage extends SessionMessage {
  /** `rotated-away`: another request gave the session a new id less than 10 seconds before this one loaded it. */
  readonly reason: 'rotated-away'
}

/** On `starsessions:store-error`: a call of the store failed, or took longer than `storeTimeout`. */
export interface SessionStoreErrorMessage extends SessionMessage {
  /** How long the call took, in milliseconds. */
  readonly duration: number
  /**
   * The error of the store, as the log shows it: without the id of the session and without the arguments of a command.
   */
  readonly error: Error
}

/**
 * The message of each channel of `node:diagnostics_channel` that the library publishes to:
 *
 * ```ts
 * subscribe('starsessions:commit', (message) => {
 *   const { duration } = message as SessionMessages['starsessions:commit']
 * })
 * ```
 */
export interface SessionMessages {
  /** A request has loaded its session. */
  readonly 'starsessions:load': SessionLoadMessage
  /** A changed session was written. */
  readonly 'starsessions:commit': SessionCommitMessage
  /** Another request wrote the session first. */
  readonly 'starsessions:conflict': SessionConflictMessage
  /** A session was stored under a new id. */
  readonly 'starsessions:rotate': SessionRotateMessage
  /** `session.destroy()` has removed a session. */
  readonly 'starsessions:destroy': SessionDestroyMessage
  /** Sessions of a user were ended. */
  readonly 'starsessions:end': SessionEndMessage
  /** Changes were not stored, because the request had an old id. */
  readonly 'starsessions:refused': SessionRefusedMessage
  /** A call of the store failed. */
  readonly 'starsessions:store-error': SessionStoreErrorMessage
}
