import { hash } from 'node:crypto'
import { types } from 'node:util'
import type { Serializer } from '../../types/serializer.ts'
import type { Enlisted, ListEntry, SessionsByUser, WhichSessions } from '../../types/users/sessions-by-user.ts'
import { isObject } from '../base/is-object.ts'
import { member } from '../base/own.ts'
import { type MaybePromise, settle, when } from '../base/when.ts'
import { badAnswer } from '../checks/answers.ts'
import type { Bound } from '../metadata.ts'
import type { PerUser, Settings } from '../settings.ts'
import type { Encryption } from './encryption.ts'
import { askStore } from './guarded-store.ts'

/** How the entry of a session gets into the list of its user. */
export interface Entering {
  readonly bound: Bound
  /** The session is in the list already, and gets one more id. */
  readonly isListed: boolean
  /** `undefined`: the entry keeps its label. */
  readonly label: Uint8Array | undefined
}

/** One session in the list of a user. */
export interface ListedSessionEntry extends Omit<ListEntry, 'label'> {
  readonly label: unknown
}

/**
 * Calls the lists of a store, as `GuardedStore` calls the store itself. The store gets no user ids: it gets a hash of the
 * cookie name and the user's id. So two registrations over one store have separate lists.
 */
export class UserSessions {
  /** `undefined` if the store has no lists. */
  readonly byUser: SessionsByUser | undefined
  readonly #cookieName: string
  readonly #perUser: PerUser
  readonly #serializer: Serializer
  readonly #encryption: Encryption | undefined
  readonly #timeout: number | null

  /** @param timeout how long a call may take, in seconds. `null` for a store that works within this process */
  constructor(settings: Settings, encryption: Encryption | undefined, timeout: number | null) {
    this.byUser = member(settings.store, 'byUser')
    this.#cookieName = settings.cookieName
    this.#perUser = settings.perUser
    this.#serializer = settings.serializer
    this.#encryption = encryption
    this.#timeout = timeout
  }

  /** @throws `FST_SESSION_STORE` */
  enlist(
    id: string,
    bytes: Uint8Array,
    lifetime: number,
    ttl: number,
    { bound, isListed, label }: Entering
  ): MaybePromise<Enlisted> {
    return when(this.#sealed(label, bound.handle), (sealed) => {
      const listing = {
        user: this.#nameOf(bound.id),
        handle: bound.handle,
        authenticatedAt: bound.at,
        endsAt: bound.until,
        label: sealed,
        isListed,
        ...this.#perUser
      }
      return this.#ask((byUser) => byUser.enlist(id, bytes, lifetime, ttl, listing), enlisted, id)
    })
  }

  /**
   * Takes an id out of the list. A failure does no harm: the record of the id is gone, so the store finds out by itself.
   */
  delist(id: string, bound: Bound | undefined): MaybePromise<void> {
    if (bound === undefined || this.byUser === undefined) return undefined
    const user = this.#nameOf(bound.id)
    return settle(() => this.#ask((byUser) => byUser.delist(id, user, bound.handle), ignore, id), ignore, ignore)
  }

  /** @throws `FST_SESSION_STORE` */
  list(userId: string): MaybePromise<ListedSessionEntry[]> {
    const listed = this.#ask((byUser) => byUser.list(this.#nameOf(userId)), entries)
    return when(listed, (found) => Promise.all(found.map((entry) => this.#opened(entry))))
  }

  /**
   * @returns the handles of the ended sessions
   * @throws `FST_SESSION_STORE`
   */
  end(userId: string, which: WhichSessions): MaybePromise<readonly string[]> {
    return this.#ask((byUser) => byUser.end(this.#nameOf(userId), which), handles)
  }

  /**
   * Whether the list has the session. A store that cannot tell has no lists any more, so nobody could end the session.
   * @throws `FST_SESSION_STORE`
   */
  isListed({ id, handle }: Bound): MaybePromise<boolean> {
    if (this.byUser?.isListed === undefined) return false
    return this.#ask((byUser) => byUser.isListed!(this.#nameOf(id), handle), yesOrNo)
  }

  /** Serializes a label as the data of a session. The plugin encrypts it later. */
  labelOf(label: unknown): { readonly bytes: Uint8Array; readonly size: number } {
    const bytes = this.#serializer.serialize({ label })
    // A label of one byte, so that the names around it do not count.
    return { bytes, size: bytes.byteLength - this.#serializer.serialize({ label: 0 }).byteLength + 1 }
  }

  #nameOf(userId: string): string {
    return hash('sha256', `${this.#cookieName}\0${userId}`, 'base64url')
  }

  #sealed(label: Uint8Array | undefined, handle: string): MaybePromise<Uint8Array | undefined> {
    if (label === undefined || this.#encryption === undefined) return label
    return this.#encryption.encrypt(label, handle)
  }

  /** A label that cannot be opened is left out, so that the list still shows its session. */
  async #opened(entry: ListEntry): Promise<ListedSessionEntry> {
    return { ...entry, label: entry.label === undefined ? undefined : await this.#labelIn(entry.label, entry.handle) }
  }

  async #labelIn(sealed: Uint8Array, handle: string): Promise<unknown> {
    const bytes = this.#encryption === undefined ? sealed : await this.#encryption.decrypt(sealed, handle)
    if (bytes === null) return undefined
    try {
      return this.#serializer.deserialize(bytes).label
    } catch {
      return undefined
    }
  }

  #ask<A, T>(
    call: (byUser: SessionsByUser) => A | PromiseLike<A>,
    understand: (answer: A) => T,
    id?: string
  ): MaybePromise<T> {
    return askStore(() => call(this.byUser as SessionsByUser), understand, this.#timeout, id || undefined)
  }
}

const ignore = (): void => undefined

function enlisted(answer: Enlisted): Enlisted {
  if (answer?.enlisted === true) return { enlisted: true, evicted: handles(answer.evicted) }
  if (answer?.enlisted === false && (answer.reason === 'ended' || answer.reason === 'full')) return answer
  throw badAnswer(
    "byUser.enlist() of the store must answer { enlisted: true, evicted: [] }, or { enlisted: false, reason: 'ended' or 'full' }"
  )
}

function handles(answer: unknown): readonly string[] {
  if (Array.isArray(answer) && answer.every((handle) => typeof handle === 'string')) return answer
  throw badAnswer('byUser of the store must answer a list of handles')
}

function entries(answer: unknown): readonly ListEntry[] {
  if (Array.isArray(answer) && answer.every(isEntry)) return answer
  throw badAnswer('byUser.list() of the store must answer a list of { handle, authenticatedAt, endsAt, label, ttl }')
}

function isEntry(value: unknown): value is ListEntry {
  if (!isObject(value)) return false
  const { handle, authenticatedAt, endsAt, label, ttl } = value
  const areTimes = typeof authenticatedAt === 'number' && typeof endsAt === 'number'
  const isLabel = label === undefined || types.isUint8Array(label)
  return typeof handle === 'string' && areTimes && isLabel && (ttl === undefined || typeof ttl === 'number')
}

function yesOrNo(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw badAnswer('byUser.isListed() of the store must answer true or false')
}
