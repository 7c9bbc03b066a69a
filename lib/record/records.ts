import type { Replaced } from '../../types/store.ts'
import { now } from '../base/clock.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import { tooLargeForCookie } from '../errors.ts'
import { cookieSize, MAX_COOKIE_BYTES } from '../http/cookie.ts'
import { boundIn, type RecordMetadata } from '../metadata.ts'
import type { Expiry, Settings } from '../settings.ts'
import { Changes } from './changed.ts'
import type { RecordCodec } from './codec.ts'
import { isProlongedByAll, storeTtl, timeLeft } from './expiry.ts'
import { GuardedStore } from './guarded-store.ts'
import { ListWriter } from './list-writer.ts'
import { type Draft, type Found, MISSING, type Replacement, type Stored, TOMBSTONE_SECONDS } from './record.ts'
import { RecordBytes } from './record-bytes.ts'
import { restoreEnd } from './restored-end.ts'
import { UserSessions } from './user-sessions.ts'

/** Reads, writes and replaces the records of sessions in a store. */
export class Records {
  readonly #expiry: Expiry
  readonly #cookieName: string
  readonly #store: GuardedStore
  readonly #bytes: RecordBytes
  readonly codec: RecordCodec
  readonly changes: Changes
  readonly canReplace: boolean
  readonly canTouch: boolean
  /** Sessions can belong to a user. */
  readonly canBind: boolean
  readonly users: UserSessions
  readonly listWriter: ListWriter
  readonly ownsIds: boolean
  /** A read also prolongs a rolling session. */
  readonly readProlongs: boolean
  /** The ttl that a read gives the record. `undefined` if a read prolongs nothing. */
  readonly #readTtl: number | undefined
  /** A read or a touch may have prolonged the record under an id. */
  readonly #prolongs: boolean

  constructor(settings: Settings) {
    const { store, expiry, cookieName, storeTimeout } = settings
    this.#expiry = expiry
    this.#cookieName = cookieName
    this.#store = new GuardedStore(store, storeTimeout)
    this.#bytes = new RecordBytes(settings, this.#store.ownsIds)
    this.codec = this.#bytes.codec
    this.changes = new Changes(this.codec)
    this.users = new UserSessions(settings, this.#bytes.encryption, this.#store.timeout)
    this.canBind = this.users.byUser !== undefined
    this.listWriter = new ListWriter(settings.expiry, this.#bytes, this.users)
    this.canReplace = store.replace !== undefined
    this.canTouch = store.touch !== undefined
    this.ownsIds = this.#store.ownsIds
    this.readProlongs = isProlongedByAll(expiry) && this.#store.readProlongs
    this.#prolongs = isProlongedByAll(expiry) || expiry.lifetime === 0
    if (this.#store.readProlongs && this.#prolongs) this.#readTtl = expiry.lifetime || expiry.absoluteLifetime
  }

  /** A rotation takes one step. Ask before each one, because a store without its own methods has no `move` any more. */
  get canMove(): boolean {
    return this.#store.canMove
  }

  /** @throws `FST_SESSION_STORE` */
  read(id: string): MaybePromise<Found> {
    return when(this.#store.read(id, this.#expiry.lifetime, this.#readTtl), (bytes) =>
      bytes === null ? this.#missing(id) : when(this.interpret(id, bytes), (found) => this.#checked(found))
    )
  }

  /**
   * Whether the store has a session under the id of this record. Most often it still has the same bytes, which need not
   * be parsed again. The read prolongs nothing.
   * @throws `FST_SESSION_STORE`
   */
  isThere({ id, bytes }: Stored): MaybePromise<boolean> {
    return when(this.#store.read(id, this.#expiry.lifetime), (current) => {
      if (current === null || Buffer.compare(current, bytes) === 0) return current !== null
      return when(this.interpret(id, current), (found) =>
        when(this.#withEndRestored(found), ({ kind }) => kind === 'session')
      )
    })
  }

  /** If a browser keeps the record, only the list knows whether the session of a user has ended. */
  #checked(found: Found): MaybePromise<Found> {
    const bound = found.kind === 'session' && this.ownsIds ? boundIn(found.stored.metadata) : undefined
    if (bound === undefined) return this.#withEndRestored(found)
    return when(this.users.isListed(bound), (isListed) => (isListed ? found : MISSING))
  }

  #withEndRestored(found: Found): MaybePromise<Found> {
    if (found.kind === 'session' || !this.#prolongs || !this.canReplace) return found
    return when(restoreEnd(this.#store, found), () => found)
  }

  #missing(id: string): Found {
    const reason = this.#store.explain(id, this.#expiry.lifetime)
    return reason === undefined ? MISSING : { kind: 'missing', reason }
  }

  /**
   * Interprets the bytes under an id: as a session, a tombstone or unusable bytes.
   * @throws `FST_SESSION_STORE` if the encryptor is unavailable
   */
  interpret(id: string, bytes: Uint8Array | null): MaybePromise<Found> {
    return this.#bytes.interpret(id, bytes)
  }

  /**
   * Writes the draft under the id, and replaces a record that is there already.
   * @returns the new record. If the store makes the ids, the record has the id that the store has chosen
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  write(id: string, draft: Draft): MaybePromise<Stored> {
    return when(this.#bytes.encode(id, draft), (encoded) => {
      const ttl = timeLeft(this.#expiry, encoded)
      return settle(
        () => this.#store.write(id, encoded.bytes, this.#expiry.lifetime, ttl),
        (newId) => {
          const size = cookieSize(this.#cookieName, newId)
          if (size > MAX_COOKIE_BYTES) throw this.#explained(tooLargeForCookie(size, MAX_COOKIE_BYTES), draft)
          return newId === id ? encoded : { ...encoded, id: newId }
        },
        (error) => {
          throw this.#explained(error, draft)
        }
      )
    })
  }

  /** Takes the id of a record out of the list of its user. It never fails. */
  delist({ id, metadata }: Pick<Stored, 'id' | 'metadata'>): MaybePromise<void> {
    return this.users.delist(this.ownsIds ? '' : id, boundIn(metadata))
  }

  /**
   * Replaces the record if the store still has the bytes `expected`.
   * @param expected `null`: the store must have no record
   * @param draft `null` removes the record
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  replace(id: string, expected: Uint8Array | null, draft: Draft | null): MaybePromise<Replacement> {
    const { lifetime } = this.#expiry
    if (draft === null) return this.#replace(id, expected, null, lifetime, lifetime)
    return when(this.#bytes.encode(id, draft), (stored) => {
      const ttl = timeLeft(this.#expiry, stored)
      return this.#replace(id, expected, stored, lifetime, ttl, draft)
    })
  }

  /** Replaces the record by a tombstone if the store still has the bytes `expected`. */
  replaceByTombstone(
    id: string,
    expected: Uint8Array,
    successors: readonly string[],
    from: RecordMetadata
  ): MaybePromise<Replacement> {
    return when(this.#tombstone(id, successors, from), (tombstone) =>
      this.#replace(id, expected, tombstone, TOMBSTONE_SECONDS, TOMBSTONE_SECONDS)
    )
  }

  /**
   * Moves a session to a new id in one step: writes the draft there, and replaces the old record by a tombstone. Only for
   * a store with `move`.
   * @param sealed the new id, sealed with the old one
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  move(old: Stored, newId: string, sealed: string, draft: Draft): MaybePromise<Replacement> {
    return when(this.#bytes.encode(newId, draft), (stored) =>
      when(this.#tombstone(old.id, [sealed], old.metadata), (tombstone) => {
        const { bytes } = stored
        const ttl = timeLeft(this.#expiry, stored)
        const moved = { tombstone: tombstone.bytes, tombstoneTtl: TOMBSTONE_SECONDS, newId, bytes }
        return settle(
          () => this.#store.move(old.id, old.bytes, moved, this.#expiry.lifetime, ttl),
          (result) => this.#replacement(old.id, result, tombstone.bytes, stored),
          (error) => {
            throw this.#explained(error, draft)
          }
        )
      })
    )
  }

  #tombstone(id: string, rotated: readonly string[], { created }: RecordMetadata): MaybePromise<Stored> {
    const metadata = { lifetime: TOMBSTONE_SECONDS, created, last_access: now(), rotated }
    return this.#bytes.encode(id, { data: {}, metadata, body: undefined })
  }

  /** @returns `false` if the session has ended, so that the store has no record of it */
  touch(id: string, metadata: RecordMetadata): MaybePromise<boolean> {
    const { lifetime } = this.#expiry
    const ttl = storeTtl(this.#expiry, metadata, now())
    // The session may have ended since its review. A ttl of 0 would keep the record for ever.
    return ttl !== null && this.#store.touch(id, lifetime, ttl)
  }

  /** @throws `FST_SESSION_STORE` */
  remove(id: string): MaybePromise<void> {
    return this.#store.remove(id)
  }

  #replace(
    id: string,
    expected: Uint8Array | null,
    stored: Stored | null,
    lifetime: number,
    ttl: number,
    draft?: Draft
  ): MaybePromise<Replacement> {
    const bytes = stored?.bytes ?? null
    return settle(
      () => this.#store.replace(id, expected, bytes, lifetime, ttl),
      (result) => this.#replacement(id, result, bytes, stored),
      (error) => {
        throw this.#explained(error, draft)
      }
    )
  }

  #replacement(
    id: string,
    result: Replaced,
    bytes: Uint8Array | null,
    stored: Stored | null
  ): MaybePromise<Replacement> {
    if (result.replaced) return { ok: true, stored }
    const { current } = result
    // Each write has a revision of its own. So if the store has these bytes, an earlier attempt of this write has
    // arrived.
    if (bytes !== null && current !== null && Buffer.compare(bytes, current) === 0) return { ok: true, stored }
    return when(this.interpret(id, current), (found) => ({ ok: false, found }))
  }

  #explained(error: unknown, draft: Draft | undefined): unknown {
    return draft === undefined ? error : this.#bytes.explained(error, draft)
  }
}
