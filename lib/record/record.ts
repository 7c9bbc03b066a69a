import type { RecordMetadata } from '../metadata.ts'

/** What an application keeps in a session: its top-level keys. */
export type Data = Record<string, unknown>

/** How long the holder of an old id can still end the session that the old one was rotated into. */
export const TOMBSTONE_SECONDS = 60

/** A session's record as the store has it. */
export interface Stored {
  readonly id: string
  readonly bytes: Uint8Array
  /** The record before encryption. A change is measured against it. */
  readonly record: Uint8Array
  readonly metadata: RecordMetadata
  /** A copy of the data as they were loaded. No handler can change it. A record that was written since has none. */
  readonly snapshot?: Data | undefined
}

/** The record that takes the place of a session when it gets a new id. It leads from the old id to the new one. */
export interface Tombstone {
  readonly id: string
  readonly bytes: Uint8Array
  /** The new ids, each sealed with the old one, so that only a request with the old id can read them. */
  readonly successors: readonly string[]
  /** Unix time of the last rotation in seconds, by the clock of the process that rotated, but never in the future. */
  readonly rotatedAt: number
}

/** Why stored bytes are not a session. */
export type Unusable =
  | 'undecryptable'
  | 'unparsable'
  | 'not-an-object'
  | 'too-deep'
  | 'bad-metadata'
  | 'other-cookie'
  | 'future'

/** What a store has under an id. */
export type Found =
  | { readonly kind: 'session'; readonly stored: Stored; readonly data: Data }
  | { readonly kind: 'rotated'; readonly tombstone: Tombstone }
  | {
      readonly kind: 'unusable'
      readonly reason: Unusable | 'expired'
      readonly id: string
      readonly bytes: Uint8Array
      /** Seconds. Only for a record of another cookie: the lifetime in that cookie's own registration. */
      readonly lifetime?: number
    }
  /** `reason`: why the store refuses the id, if it says so. */
  | { readonly kind: 'missing'; readonly reason?: string }

export const MISSING: Found = { kind: 'missing' }

/** A record that is no session. A logout ends it all the same. */
export type Remnant = Extract<Found, { kind: 'rotated' | 'unusable' }>

/** The id under which the store has it. */
export const idOf = (remnant: Remnant | null): string | undefined =>
  remnant?.kind === 'rotated' ? remnant.tombstone.id : remnant?.id

/** A session's data and metadata, to be written. */
export interface Draft {
  readonly data: Data
  readonly metadata: RecordMetadata
  /** The same data in a record already, with other metadata. Saves serializing the data again. */
  readonly record?: { readonly bytes: Uint8Array; readonly metadata: RecordMetadata } | undefined
}

/** The answer to a compare-and-replace. */
export type Replacement =
  /** `null`: the record was removed. */
  { readonly ok: true; readonly stored: Stored | null } | { readonly ok: false; readonly found: Found }
