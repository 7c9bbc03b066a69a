import { now } from '../clock.ts'
import { newRevision } from '../crypto/random.ts'
import { SessionGoneError, SessionTooLargeError, tooLargeForCookie } from '../errors.ts'
import { cookieSize, MAX_COOKIE_BYTES } from '../http/cookie.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Expiry, Settings } from '../settings.ts'
import { Changes } from './changed.ts'
import { RecordCodec } from './codec.ts'
import { Encryption } from './encryption.ts'
import { CLOCK_SKEW_SECONDS, hasEnded, isAhead, notAhead, storeTtl } from './expiry.ts'
import { GuardedStore } from './guarded-store.ts'
import {
  type Draft,
  type Found,
  MISSING,
  type Replacement,
  type Stored,
  TOMBSTONE_SECONDS,
  type Unusable
} from './record.ts'

/** Reads, writes and replaces the records of sessions in a store. */
export class Records {
  readonly #expiry: Expiry
  readonly #cookieName: string
  readonly #store: GuardedStore
  readonly #encryption: Encryption | undefined
  readonly codec: RecordCodec
  readonly changes: Changes
  readonly canReplace: boolean
  readonly canTouch: boolean
  readonly ownsIds: boolean
  /** A read also prolongs a rolling session. */
  readonly readProlongs: boolean
  /** The ttl that a read gives the record. `undefined` if a read prolongs nothing. */
  readonly #readTtl: number | undefined
  /** A read or a touch may have prolonged the record under an id. */
  readonly #prolongs: boolean

  constructor({ store, expiry, cookieName, serializer, encryptor, storeTimeout }: Settings) {
    this.#expiry = expiry
    this.#cookieName = cookieName
    this.#store = new GuardedStore(store, storeTimeout)
    this.codec = new RecordCodec(serializer, cookieName)
    this.changes = new Changes(this.codec)
    this.#encryption = encryptor && new Encryption(encryptor, cookieName, storeTimeout)
    this.canReplace = store.replace !== undefined
    this.canTouch = store.touch !== undefined
    this.ownsIds = this.#store.ownsIds
    this.readProlongs = expiry.rolling && this.#store.readProlongs
    this.#prolongs = expiry.rolling || expiry.lifetime === 0
    if (this.#store.readProlongs && this.#prolongs) this.#readTtl = expiry.lifetime || expiry.absoluteLifetime
  }

  /** @throws `FST_SESSION_STORE` */
  async read(id: string): Promise<Found> {
    const { lifetime } = this.#expiry
    const bytes = await this.#store.read(id, lifetime, this.#readTtl)
    if (bytes === null) return this.#missing(id)
    const interpreted = this.interpret(id, bytes)
    const found = interpreted instanceof Promise ? await interpreted : interpreted
    if (found.kind !== 'session' && this.#prolongs && this.canReplace) await this.#restoreEnd(found)
    return found
  }

  /**
   * A read may have prolonged a record that is no session of this registration. A tombstone must still expire a minute
   * after its rotation. A session of another cookie gets the lifetime of that cookie's registration.
   */
  async #restoreEnd(found: Found): Promise<void> {
    if (found.kind === 'rotated') {
      const { id, bytes, rotatedAt } = found.tombstone
      const left = rotatedAt + TOMBSTONE_SECONDS - now()
      await this.#store.replace(id, bytes, bytes, TOMBSTONE_SECONDS, left > 0 ? left : TOMBSTONE_SECONDS)
    } else if (found.kind === 'unusable' && found.lifetime !== undefined) {
      await this.#store.replace(found.id, found.bytes, found.bytes, found.lifetime, found.lifetime)
    }
  }

  #missing(id: string): Found {
    const reason = this.#store.explain(id, this.#expiry.lifetime)
    return reason === undefined ? MISSING : { kind: 'missing', reason }
  }

  /**
   * Interprets the bytes under an id: as a session, a tombstone or unusable bytes.
   * @throws `FST_SESSION_STORE` if the encryptor is unavailable
   */
  interpret(id: string, bytes: Uint8Array | null): Found | Promise<Found> {
    if (bytes === null) return MISSING
    const encryption = this.#encryption
    return encryption === undefined ? this.#found(id, bytes, bytes) : this.#decrypted(encryption, id, bytes)
  }

  async #decrypted(encryption: Encryption, id: string, bytes: Uint8Array): Promise<Found> {
    const record = await encryption.decrypt(bytes, this.#boundTo(id))
    return record === null ? { kind: 'unusable', reason: 'undecryptable', id, bytes } : this.#found(id, bytes, record)
  }

  #found(id: string, bytes: Uint8Array, record: Uint8Array): Found {
    const at = now()
    const unusable = (reason: Unusable | 'expired'): Found => ({ kind: 'unusable', reason, id, bytes })
    const parsed = this.codec.parse(record, at)
    if (!parsed.ok) return { kind: 'unusable', id, bytes, ...parsed }
    const { data, snapshot } = parsed
    // A process whose clock was ahead has written dates in the future. A store ends such a record by its ttl, but a
    // browser may keep its cookie for ever.
    if (this.ownsIds && isAhead(parsed.metadata, at + CLOCK_SKEW_SECONDS)) return unusable('future')
    const metadata = notAhead(parsed.metadata, at)
    const { last_access: rotatedAt, rotated: successors } = metadata
    if (successors !== undefined) return { kind: 'rotated', tombstone: { id, bytes, successors, rotatedAt } }
    if (hasEnded(this.#expiry, metadata, at)) return unusable('expired')
    return { kind: 'session', stored: { id, bytes, record, metadata, snapshot }, data }
  }

  /**
   * Writes the draft under the id, and replaces a record that is there already.
   * @returns the new record. If the store makes the ids, the record has the id that the store has chosen
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  async write(id: string, draft: Draft): Promise<Stored> {
    const encoded = this.#encode(id, draft)
    const { bytes, record, metadata } = encoded instanceof Promise ? await encoded : encoded
    const ttl = this.#timeLeft(draft)
    try {
      const newId = await this.#store.write(id, bytes, this.#expiry.lifetime, ttl)
      const size = cookieSize(this.#cookieName, newId)
      if (size > MAX_COOKIE_BYTES) throw tooLargeForCookie(size, MAX_COOKIE_BYTES)
      return { id: newId, bytes, record, metadata }
    } catch (error) {
      throw this.#explained(error, draft)
    }
  }

  /**
   * Replaces the record if the store still has the bytes `expected`.
   * @param expected `null`: the store must have no record
   * @param draft `null` removes the record
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  async replace(id: string, expected: Uint8Array | null, draft: Draft | null): Promise<Replacement> {
    const { lifetime } = this.#expiry
    if (draft === null) return this.#replace(id, expected, null, lifetime, lifetime)
    const encoded = this.#encode(id, draft)
    const stored = encoded instanceof Promise ? await encoded : encoded
    const ttl = this.#timeLeft(draft)
    try {
      return await this.#replace(id, expected, stored, lifetime, ttl)
    } catch (error) {
      throw this.#explained(error, draft)
    }
  }

  /** Replaces the record by a tombstone if the store still has the bytes `expected`. */
  async replaceByTombstone(
    id: string,
    expected: Uint8Array,
    successors: readonly string[],
    { created }: RecordMetadata
  ): Promise<Replacement> {
    const metadata = { lifetime: TOMBSTONE_SECONDS, created, last_access: now(), rotated: successors }
    const tombstone = await this.#encode(id, { data: {}, metadata, record: undefined })
    return this.#replace(id, expected, tombstone, TOMBSTONE_SECONDS, TOMBSTONE_SECONDS)
  }

  /** @returns `false` if the session has ended, so that the store has no record of it */
  async touch(id: string, metadata: RecordMetadata): Promise<boolean> {
    const { lifetime } = this.#expiry
    const ttl = storeTtl(this.#expiry, metadata, now())
    // The session may have ended since its review. A ttl of 0 would keep the record for ever.
    return ttl !== null && this.#store.touch(id, lifetime, ttl)
  }

  /** @throws `FST_SESSION_STORE` */
  remove(id: string): Promise<void> {
    return this.#store.remove(id)
  }

  async #replace(
    id: string,
    expected: Uint8Array | null,
    stored: Stored | null,
    lifetime: number,
    ttl: number
  ): Promise<Replacement> {
    const bytes = stored?.bytes ?? null
    const result = await this.#store.replace(id, expected, bytes, lifetime, ttl)
    if (result.replaced) return { ok: true, stored }
    const { current } = result
    // Each write has a revision of its own. So if the store has these bytes, an earlier attempt of this write has
    // arrived.
    if (bytes !== null && current !== null && Buffer.compare(bytes, current) === 0) return { ok: true, stored }
    return { ok: false, found: await this.interpret(id, current) }
  }

  /** @throws `FST_SESSION_GONE` if no time is left, because a store could treat such a write as a removal */
  #timeLeft({ metadata }: Draft): number {
    const ttl = storeTtl(this.#expiry, metadata, now())
    if (ttl === null) throw new SessionGoneError()
    return ttl
  }

  /** @returns the record to store under the id. With an encryptor, a promise of the record */
  #encode(id: string, draft: Draft): Stored | Promise<Stored> {
    const metadata = { ...draft.metadata, lifetime: this.#expiry.lifetime, name: this.#cookieName, rev: newRevision() }
    const record =
      draft.record === undefined
        ? this.codec.serialize(draft.data, metadata)
        : this.changes.withMetadata(draft.record.bytes, draft.data, draft.record.metadata, metadata)
    const encryption = this.#encryption
    if (encryption === undefined) return { id, bytes: record, record, metadata }
    return encryption.encrypt(record, this.#boundTo(id)).then((bytes) => ({ id, bytes, record, metadata }))
  }

  #boundTo(id: string): string {
    return this.ownsIds ? '' : id
  }

  #explained(error: unknown, { data }: Draft): unknown {
    if (!(error instanceof SessionTooLargeError)) return error
    return new SessionTooLargeError(`its largest keys are ${this.codec.largestKeys(data)}`, { cause: error })
  }
}
