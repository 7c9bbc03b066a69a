import { types } from 'node:util'
import type { Log, Settings } from '../types/options.ts'
import type { Replaced, SessionStore } from '../types/store.ts'
import { now } from './clock.ts'
import { cookieSize, isSafeValue, MAX_COOKIE_BYTES } from './cookie.ts'
import { Deadline } from './deadline.ts'
import { channels, fingerprint } from './diagnostics.ts'
import { SessionGoneError, SessionTooLargeError, SessionUnavailableError, tooLargeForCookie } from './errors.ts'
import { secondsLeft, storeTtl } from './expiry.ts'
import { type Data, RecordCodec, type RecordMetadata, type Unusable } from './record.ts'
import { withoutSecrets } from './without-secrets.ts'

/** How long the holder of an old id can still end what came out of it. */
const TOMBSTONE_SECONDS = 60

/** A session's record as the store has it. */
export interface Stored {
  readonly id: string
  readonly bytes: Uint8Array
  /** The data alone, serialized: what a change is measured against. */
  readonly baseline: Uint8Array
  readonly metadata: RecordMetadata
}

/** What stands in the place of a session that was rotated away: where it went, sealed with its old id. */
export interface Tombstone {
  readonly id: string
  readonly bytes: Uint8Array
  readonly successors: readonly string[]
}

/** What there is under an id. */
export type Found =
  | { readonly kind: 'session'; readonly stored: Stored; readonly data: Data }
  | { readonly kind: 'rotated'; readonly tombstone: Tombstone }
  | { readonly kind: 'unusable'; readonly reason: Unusable | 'expired'; readonly bytes: Uint8Array }
  | { readonly kind: 'missing' }

export type Swapped =
  | { readonly ok: true; readonly bytes: Uint8Array | null }
  | { readonly ok: false; readonly found: Found }

/** A session's data and metadata, to be written. */
export interface Draft {
  readonly data: Data
  readonly metadata: RecordMetadata
}

const MISSING: Found = { kind: 'missing' }

/**
 * Records in a store. What the store throws means that it could not tell, and so does an answer that does not come within
 * `storeTimeout`. One that comes later is dropped. What it was asked for may still happen: a swap then changes only what it
 * was to be compared with.
 */
export class RecordStore {
  readonly #settings: Settings
  readonly #store: SessionStore
  readonly #deadline: Deadline
  readonly codec: RecordCodec

  constructor(settings: Settings) {
    this.#settings = settings
    this.#store = settings.store
    this.#deadline = new Deadline(settings.storeTimeout)
    this.codec = new RecordCodec(settings.serializer, settings.encryptor, settings.cookieName)
  }

  get canReplace(): boolean {
    return this.#store.replace !== undefined
  }

  get ownsIds(): boolean {
    return this.#store.ownsIds === true
  }

  /** A read prolongs a rolling session in the same step. */
  get readProlongs(): boolean {
    return this.#settings.expiry.rolling && this.#store.readProlongs === true
  }

  /** @throws `FST_SESSION_STORE` */
  async read(id: string): Promise<Found> {
    const { lifetime } = this.#settings.expiry
    const bytes = await this.#ask(id, () =>
      this.readProlongs ? this.#store.read(id, lifetime, lifetime) : this.#store.read(id, lifetime)
    )
    return this.interpret(id, bytes)
  }

  /** What bytes from under an id are. */
  async interpret(id: string, bytes: Uint8Array | null | undefined): Promise<Found> {
    if (bytes === null || bytes === undefined) return MISSING
    if (!types.isUint8Array(bytes)) throw broken('read() and replace() must hand out a Uint8Array or null')
    const plain = await this.codec.decrypt(bytes, this.#boundTo(id))
    if (plain === null) return { kind: 'unusable', reason: 'undecryptable', bytes }
    const at = now()
    const parsed = this.codec.parse(plain, at)
    if (!parsed.ok) return { kind: 'unusable', reason: parsed.reason, bytes }
    const { data, metadata, baseline } = parsed
    // Reads may have prolonged it.
    if (metadata.rotated !== undefined && at > metadata.last_access + TOMBSTONE_SECONDS) return MISSING
    if (metadata.rotated !== undefined)
      return { kind: 'rotated', tombstone: { id, bytes, successors: metadata.rotated } }
    if (secondsLeft(this.#settings.expiry, metadata.created, at) <= 0) {
      return { kind: 'unusable', reason: 'expired', bytes }
    }
    return { kind: 'session', stored: { id, bytes, baseline, metadata }, data }
  }

  /**
   * @returns the id, which may be the store's own choice, and the bytes written
   * @throws `FST_SESSION_STORE`, `FST_SESSION_TOO_LARGE`, `FST_SESSION_GONE`
   */
  async write(id: string, draft: Draft): Promise<{ id: string; bytes: Uint8Array }> {
    const { expiry } = this.#settings
    const bytes = await this.#encode(id, draft)
    const ttl = this.#timeLeft(draft)
    const written = await this.#ask(id, () => this.#store.write(id, bytes, expiry.lifetime, ttl), draft.data)
    if (typeof written !== 'string' || !isSafeValue(written)) {
      throw broken('write() must resolve to an id that fits into a cookie: [A-Za-z0-9._~+/=-], at most 4096')
    }
    const size = cookieSize(this.#settings.cookieName, written)
    if (size > MAX_COOKIE_BYTES) throw this.#tooLarge(draft.data, tooLargeForCookie(size, MAX_COOKIE_BYTES))
    return { id: written, bytes }
  }

  /**
   * Puts the draft (`null`: nothing) in the place of `expected`, and of nothing else.
   * @throws `FST_SESSION_STORE`
   */
  async swap(id: string, expected: Uint8Array, draft: Draft | null): Promise<Swapped> {
    const { expiry } = this.#settings
    const bytes = draft === null ? null : await this.#encode(id, draft)
    const ttl = draft === null ? expiry.lifetime : this.#timeLeft(draft)
    return this.#swap(id, expected, bytes, expiry.lifetime, ttl, draft?.data)
  }

  /** Puts a tombstone in the place of `expected`, and of nothing else. */
  async bury(
    id: string,
    expected: Uint8Array,
    successors: readonly string[],
    { created }: RecordMetadata
  ): Promise<Swapped> {
    const metadata = { lifetime: TOMBSTONE_SECONDS, created, last_access: now() }
    const bytes = await this.#encode(id, { data: {}, metadata: { ...metadata, rotated: successors } })
    return this.#swap(id, expected, bytes, TOMBSTONE_SECONDS, TOMBSTONE_SECONDS)
  }

  /** @returns `false`: there is nothing any more. A store that cannot tell says nothing about it. */
  async touch(id: string, metadata: RecordMetadata): Promise<boolean> {
    const { expiry } = this.#settings
    const ttl = storeTtl(expiry, metadata.created, now())
    // It may have ended since it was looked at, and no store is to keep anything for no time.
    if (expiry.lifetime !== 0 && ttl <= 0) return false
    return this.#ask(id, async () => (await this.#store.touch?.(id, expiry.lifetime, ttl)) === true)
  }

  get canTouch(): boolean {
    return this.#store.touch !== undefined
  }

  async remove(id: string): Promise<void> {
    await this.#ask(id, () => this.#store.remove(id))
  }

  async #swap(
    id: string,
    expected: Uint8Array,
    bytes: Uint8Array | null,
    lifetime: number,
    ttl: number,
    data?: Data
  ): Promise<Swapped> {
    const result = await this.#replace(id, expected, bytes, lifetime, ttl, data)
    if (typeof result?.replaced !== 'boolean') {
      throw broken('replace() must resolve to { replaced: true }, or to { replaced: false, current }')
    }
    if (result.replaced) return { ok: true, bytes }
    const { current } = result
    // Each write has a revision of its own: these bytes are here because an earlier send of this very write arrived.
    if (bytes !== null && types.isUint8Array(current) && Buffer.compare(bytes, current) === 0)
      return { ok: true, bytes }
    return { ok: false, found: await this.interpret(id, current) }
  }

  /**
   * Over a store without `replace` the steps are apart: nobody else in this process may come between them. Each is asked on
   * its own, so that nothing is written when the read was given up.
   */
  async #replace(
    id: string,
    expected: Uint8Array,
    bytes: Uint8Array | null,
    lifetime: number,
    ttl: number,
    data?: Data
  ): Promise<Replaced> {
    const store = this.#store
    const { replace } = store
    if (replace !== undefined) {
      return this.#ask(id, () => replace.call(store, id, expected, bytes, lifetime, ttl), data)
    }
    const current = await this.#ask(id, () => store.read(id, lifetime))
    if (current === null || current === undefined || Buffer.compare(current, expected) !== 0) {
      return { replaced: false, current: current ?? null }
    }
    if (bytes === null) await this.#ask(id, () => store.remove(id))
    else await this.#ask(id, () => store.write(id, bytes, lifetime, ttl), data)
    return { replaced: true }
  }

  /** @throws `FST_SESSION_GONE` when there is none: a store would take the write for a removal. */
  #timeLeft({ metadata }: Draft): number {
    const { expiry } = this.#settings
    const ttl = storeTtl(expiry, metadata.created, now())
    if (expiry.lifetime !== 0 && ttl <= 0) throw new SessionGoneError()
    return ttl
  }

  async #encode(id: string, { data, metadata }: Draft): Promise<Uint8Array> {
    const bytes = this.codec.serialize(data, { ...metadata, lifetime: this.#settings.expiry.lifetime })
    return this.codec.encrypt(bytes, this.#boundTo(id))
  }

  #boundTo(id: string): string {
    return this.ownsIds ? '' : id
  }

  async #ask<T>(id: string, call: () => Promise<T>, data: Data = {}): Promise<T> {
    const began = channels.storeError.hasSubscribers ? performance.now() : 0
    try {
      return await this.#deadline.bound(call())
    } catch (error) {
      if (error instanceof SessionTooLargeError) throw this.#tooLarge(data, error)
      const cause = withoutSecrets(error, id)
      if (channels.storeError.hasSubscribers) {
        const duration = performance.now() - began
        channels.storeError.publish({ fingerprint: fingerprint(id), duration, error: cause })
      }
      throw new SessionUnavailableError({ cause })
    }
  }

  #tooLarge(data: Data, cause: Error): Error {
    return new SessionTooLargeError(`its largest keys are ${this.codec.largestKeys(data)}`, { cause })
  }
}

function broken(message: string): Error {
  return new SessionUnavailableError({ cause: new TypeError(`the store's ${message}`) })
}

/** Tells the log why a record is not used, without naming it. */
export function warnUnusable(found: Found, log: Log): void {
  if (found.kind === 'unusable') {
    log.warn({ reason: found.reason }, 'the stored session cannot be used: starting a new one')
  }
}
