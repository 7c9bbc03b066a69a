import { now } from '../base/clock.ts'
import { type MaybePromise, when } from '../base/when.ts'
import { newRevision } from '../crypto/random.ts'
import { SessionTooLargeError } from '../errors.ts'
import { renewedMetadata } from '../metadata.ts'
import type { Expiry, Settings } from '../settings.ts'
import { RecordCodec } from './codec.ts'
import { Encryption } from './encryption.ts'
import { CLOCK_SKEW_SECONDS, hasEnded, isAhead, isOverByItself, notAhead } from './expiry.ts'
import { type Draft, type Found, MISSING, type Stored } from './record.ts'

/** Turns records into the bytes that a store keeps, and back. */
export class RecordBytes {
  readonly codec: RecordCodec
  readonly #expiry: Expiry
  readonly #cookieName: string
  readonly #ownsIds: boolean
  readonly encryption: Encryption | undefined

  /** @param ownsIds the store makes the ids, so an encryptor cannot bind a record to its id */
  constructor({ expiry, cookieName, serializer, encryptor, storeTimeout }: Settings, ownsIds: boolean) {
    this.codec = new RecordCodec(serializer, cookieName)
    this.#expiry = expiry
    this.#cookieName = cookieName
    this.#ownsIds = ownsIds
    this.encryption = encryptor && new Encryption(encryptor, cookieName, storeTimeout)
  }

  /**
   * Interprets the bytes under an id: as a session, a tombstone or unusable bytes.
   * @returns a promise only if the encryptor works asynchronously
   * @throws `FST_SESSION_STORE` if the encryptor is unavailable
   */
  interpret(id: string, bytes: Uint8Array | null): MaybePromise<Found> {
    if (bytes === null) return MISSING
    const encryption = this.encryption
    if (encryption === undefined) return this.#found(id, bytes, bytes)
    return when(encryption.decrypt(bytes, this.#boundTo(id)), (record) =>
      record === null ? { kind: 'unusable', reason: 'undecryptable', id, bytes } : this.#found(id, bytes, record)
    )
  }

  #found(id: string, bytes: Uint8Array, decrypted: Uint8Array): Found {
    const at = now()
    const parsed = this.codec.parse(decrypted, at)
    if (!parsed.ok) return { kind: 'unusable', id, bytes, ...parsed }
    const { data, snapshot, record } = parsed
    // A process whose clock was ahead has written dates in the future. A store ends such a record by its ttl, but a
    // browser may keep its cookie for ever.
    if (this.#ownsIds && isAhead(parsed.metadata, at + CLOCK_SKEW_SECONDS))
      return { kind: 'unusable', reason: 'future', id, bytes }
    const metadata = notAhead(this.#expiry, parsed.metadata, at)
    const { last_access: rotatedAt, rotated: successors } = metadata
    if (successors !== undefined) return { kind: 'rotated', tombstone: { id, bytes, successors, rotatedAt } }
    if (hasEnded(this.#expiry, metadata, at)) {
      return { kind: 'unusable', reason: 'expired', id, bytes, isOverByItself: isOverByItself(metadata, at) }
    }
    return { kind: 'session', stored: { id, bytes, record, metadata, snapshot }, data }
  }

  /**
   * Makes the record to store under an id. Each has a new revision, so two records of equal data have different bytes.
   * @returns a promise only if the encryptor works asynchronously
   * @throws `FST_SESSION_SERIALIZE`; `FST_SESSION_STORE` if the encryptor is unavailable
   */
  encode(id: string, { data, metadata: from, lastAccess = from.last_access, body }: Draft): MaybePromise<Stored> {
    const { lifetime } = this.#expiry
    const renewed = { lifetime, last_access: lastAccess, name: this.#cookieName, rev: newRevision() }
    const metadata = renewedMetadata(from, renewed)
    const record = body === undefined ? this.codec.recordOf(data, metadata) : this.codec.complete(body, metadata)
    const plain = typeof record === 'string' ? Buffer.from(record) : record
    const stored = (bytes: Uint8Array): Stored => ({ id, bytes, record, metadata, snapshot: undefined })
    const encryption = this.encryption
    return encryption === undefined ? stored(plain) : when(encryption.encrypt(plain, this.#boundTo(id)), stored)
  }

  /** If the session is too large for the store or the cookie, the error names its largest keys. */
  explained(error: unknown, { data }: Draft): unknown {
    if (!(error instanceof SessionTooLargeError)) return error
    return new SessionTooLargeError(`its largest keys are ${this.codec.largestKeys(data)}`, { cause: error })
  }

  #boundTo(id: string): string {
    return this.#ownsIds ? '' : id
  }
}
