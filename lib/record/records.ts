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

/** Records in a store: data and metadata in, and what there is out. */
export class Records {
  readonly #expiry: Expiry
  readonly #cookieName: string
  readonly #calls: GuardedStore
  readonly #encryption: Encryption | undefined
  readonly codec: RecordCodec
  readonly changes: Changes
  readonly canReplace: boolean
  readonly canTouch: boolean
  readonly ownsIds: boolean
  /** A read prolongs a rolling session in the same step. */
  readonly readProlongs: boolean
  /** How far a read may prolong what it reads; `undefined`: the store is not told. */
  readonly #readTtl: number | undefined
  /** A read or a touch may have prolonged what is there. */
  readonly #prolongs: boolean

  constructor({ store, expiry, cookieName, serializer, encryptor, storeTimeout }: Settings) {
    this.#expiry = expiry
    this.#cookieName = cookieName
    this.#calls = new GuardedStore(store, storeTimeout)
    this.codec = new RecordCodec(serializer, cookieName)
    this.changes = new Changes(this.codec)
    this.#encryption = encryptor && new Encryption(encryptor, cookieName, storeTimeout)
    this.canReplace = store.replace !== undefined
    this.canTouch = store.touch !== undefined
    this.ownsIds = this.#calls.ownsIds
    this.readProlongs = expiry.rolling && this.#calls.readProlongs
    this.#prolongs = expiry.rolling || expiry.lifetime === 0
    if (this.#calls.readProlongs && this.#prolongs) this.#readTtl = expiry.lifetime || expiry.absoluteLifetime
  }

  /** @throws `FST_SESSION_STORE` */
  async read(id: string): Promise<Found> {
    const { lifetime } = this.#expiry
    const bytes = await this.#calls.read(id, lifetime, this.#readTtl)
    if (bytes === null) return this.#missing(id)
    const interpreted = this.interpret(id, bytes)
    const found = interpreted instanceof Promise ? await interpreted : interpreted
    if (found.kind !== 'session' && this.#prolongs && this.canReplace) await this.#restoreEnd(found)
    return found
  }

  /** A tombstone lives its minute, whoever reads it; a session of another cookie lives as after a read under its own. */
  async #restoreEnd(found: Found): Promise<void> {
    if (found.kind === 'rotated') {
      const { id, bytes, rotatedAt } = found.tombstone
      const left = rotatedAt + TOMBSTONE_SECONDS - now()
      await this.#calls.replace(id, bytes, bytes, TOMBSTONE_SECONDS, left > 0 ? left : TOMBSTONE_SECONDS)
    } else if (found.kind === 'unusable' && found.lifetime !== undefined) {
      await this.#calls.replace(found.id, found.bytes, found.bytes, found.lifetime, found.lifetime)
    }
  }

  #missing(id: string): Found {
    const reason = this.#calls.explain(id, this.#expiry.lifetime)
    return reason === undefined ? MISSING : { kind: 'missing', reason }
  }

  /**
   * What bytes from under an id are.
   * @throws `FST_SESSION_STORE` when an encryptor could not tell
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
    // The ttl of a store bounds whatever a clock that is ahead wrote there. Nothing else bounds what a browser keeps.
    if (this.ownsIds && isAhead(parsed.metadata, at + CLOCK_SKEW_SECONDS)) return unusable('future')
    const metadata = notAhead(parsed.metadata, at)
    const { last_access: rotatedAt, rotated: successors } = metadata
    if (successors !== undefined) return { kind: 'rotated', tombstone: { id, bytes, successors, rotatedAt } }
    if (hasEnded(this.#expiry, metadata, at)) return unusable('expired')
    return { kind: 'session', stored: { id, bytes, record, metadata, snapshot }, data }
  }

  /**
   * Puts the draft there, whatever is there before.
   * @returns what stands there now; the id may be the store's own choice
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  async write(id: string, draft: Draft): Promise<Stored> {
    const encoded = this.#encode(id, draft)
    const { bytes, record, metadata } = encoded instanceof Promise ? await encoded : encoded
    const ttl = this.#timeLeft(draft)
    try {
      const newId = await this.#calls.write(id, bytes, this.#expiry.lifetime, ttl)
      const size = cookieSize(this.#cookieName, newId)
      if (size > MAX_COOKIE_BYTES) throw tooLargeForCookie(size, MAX_COOKIE_BYTES)
      return { id: newId, bytes, record, metadata }
    } catch (error) {
      throw this.#explained(error, draft)
    }
  }

  /**
   * Puts the draft (`null`: nothing) in the place of `expected`, and of nothing else.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_SERIALIZE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  async replace(id: string, expected: Uint8Array, draft: Draft | null): Promise<Replacement> {
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

  /** Puts a tombstone in the place of `expected`, and of nothing else. */
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

  /** @returns `false`: there is nothing any more. A store that cannot tell says nothing about it. */
  async touch(id: string, metadata: RecordMetadata): Promise<boolean> {
    const { lifetime } = this.#expiry
    const ttl = storeTtl(this.#expiry, metadata, now())
    // It may have ended since it was looked at, and no store is to keep anything for no time.
    return ttl !== null && this.#calls.touch(id, lifetime, ttl)
  }

  /** @throws `FST_SESSION_STORE` */
  remove(id: string): Promise<void> {
    return this.#calls.remove(id)
  }

  async #replace(
    id: string,
    expected: Uint8Array,
    stored: Stored | null,
    lifetime: number,
    ttl: number
  ): Promise<Replacement> {
    const bytes = stored?.bytes ?? null
    const result = await this.#calls.replace(id, expected, bytes, lifetime, ttl)
    if (result.replaced) return { ok: true, stored }
    const { current } = result
    // Each write has a revision of its own: these bytes are here because an earlier send of this very write arrived.
    if (bytes !== null && current !== null && Buffer.compare(bytes, current) === 0) return { ok: true, stored }
    return { ok: false, found: await this.interpret(id, current) }
  }

  /** @throws `FST_SESSION_GONE` when there is none: a store would take the write for a removal. */
  #timeLeft({ metadata }: Draft): number {
    const ttl = storeTtl(this.#expiry, metadata, now())
    if (ttl === null) throw new SessionGoneError()
    return ttl
  }

  /** @returns the draft as it is going to be stored under the id; a promise of it where it is to be encrypted */
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
