import type { RecordMetadata } from '../metadata.ts'

/** The data that an application keeps in a session, by top-level key. */
export type Data = Record<string, unknown>

/** How long a tombstone lives. Until then, a logout with the old id still ends the session that has the new id. */
export const TOMBSTONE_SECONDS = 60

/** A record as its serializer makes it, before encryption: the text of JsonSerializer, or the bytes of another one. */
export type RecordForm = string | Uint8Array

/** The data of a session, serialized once. The metadata of a record are added later, so each record needs only its own. */
export interface Body {
  /** JSON without metadata. Bytes of another serializer are a whole record with some metadata. */
  readonly form: RecordForm
  readonly data: Data
  /** JSON Pointers to the Dates. */
  readonly dates: readonly string[] | null
}

/** A session's record as the store has it. */
export interface Stored {
  readonly id: string
  readonly bytes: Uint8Array
  /** The data are compared with it to find changes. */
  readonly record: RecordForm
  readonly metadata: RecordMetadata
  /**
   * A copy of the data as they were loaded. No handler can change it. A record that this request wrote has no snapshot.
   */
  readonly snapshot?: Data | undefined
}

/** If a session gets a new id, a tombstone takes the place of the record under the old id. It leads to the new id. */
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

/** The result of looking up an id in the store. */
export type Found =
  | { readonly kind: 'session'; readonly stored: Stored; readonly data: Data }
  | { readonly kind: 'rotated'; readonly tombstone: Tombstone }
  | {
      readonly kind: 'unusable'
      readonly reason: Unusable | 'expired'
      readonly id: string
      readonly bytes: Uint8Array
      /** Only set for a record of another cookie. The lifetime in the registration of that cookie, in seconds. */
      readonly lifetime?: number
      /** The session's own limit has ended it, so no change of the options can bring it back. */
      readonly isOverByItself?: boolean
    }
  /** `reason` says why the store refuses the id, if the store gives a reason. */
  | { readonly kind: 'missing'; readonly reason?: string }

export const MISSING: Found = { kind: 'missing' }

/** A record that is not a session. A logout removes it as well. */
export type Remnant = Extract<Found, { kind: 'rotated' | 'unusable' }>

/** The id under which the store has the remnant. */
export const idOf = (remnant: Remnant | null): string | undefined =>
  remnant?.kind === 'rotated' ? remnant.tombstone.id : remnant?.id

/** The data and metadata that are to be written as a record. */
export interface Draft {
  readonly data: Data
  readonly metadata: RecordMetadata
  /** Takes the place of `metadata.last_access`. */
  readonly lastAccess?: number | undefined
  /** The same data. With it, the data need not be serialized again. */
  readonly body?: Body | undefined
}

/** The result of replacing a record. */
export type Replacement =
  /** `stored` is `null` if the record was removed. */
  { readonly ok: true; readonly stored: Stored | null } | { readonly ok: false; readonly found: Found }
