import { types } from 'node:util'
import type { Replaced, SessionStore } from '../../types/store.ts'
import { member } from '../base/own.ts'
import type { MaybePromise } from '../base/when.ts'
import { ask, badAnswer } from '../checks/answers.ts'
import { withoutSecrets } from '../checks/without-secrets.ts'
import { channels, fingerprint } from '../diagnostics.ts'
import { isInstance, SessionTooLargeError, SessionUnavailableError } from '../errors.ts'
import { isSafeValue } from '../http/cookie.ts'

/** What a rotation puts under the two ids. */
export interface Moved {
  readonly tombstone: Uint8Array
  /** In seconds. */
  readonly tombstoneTtl: number
  readonly newId: string
  readonly bytes: Uint8Array
}

/**
 * Calls a store. A call fails with `FST_SESSION_STORE` if the store throws, gives a wrong answer, or takes longer than
 * `storeTimeout`. The plugin ignores a late answer, but the store may still complete the call. A late `replace` is
 * harmless, because it changes the record only if nobody else has changed it.
 */
export class GuardedStore {
  readonly ownsIds: boolean
  readonly readProlongs: boolean
  readonly #store: SessionStore
  /** The time limit of a call, in seconds. `null` for a local store, because the calls of a local store cannot hang. */
  readonly timeout: number | null

  /** @param timeout how long a call may take, in seconds */
  constructor(store: SessionStore, timeout: number) {
    this.#store = store
    this.ownsIds = member(store, 'ownsIds') === true
    this.readProlongs = member(store, 'readProlongs') === true
    // A Proxy may replace any method, although `isLocal` comes from the store behind the Proxy.
    this.timeout = member(store, 'isLocal') === true && !types.isProxy(store) ? null : timeout
  }

  /** A Proxy of the application may change `replace` and `write`, but not know `move`. */
  get canMove(): boolean {
    return member(this.#store, 'move') !== undefined && !types.isProxy(this.#store)
  }

  /** @throws `FST_SESSION_STORE` */
  read(id: string, lifetime: number, ttl?: number): MaybePromise<Uint8Array | null> {
    const store = this.#store
    return this.#ask(
      id,
      () => (ttl === undefined ? store.read(id, lifetime) : store.read(id, lifetime, ttl)),
      storedBytes
    )
  }

  /** Returns why `read` answered `null`, or `undefined` if the store does not say. Never throws. */
  explain(id: string, lifetime: number): string | undefined {
    if (this.#store.explain === undefined) return undefined
    try {
      const reason: unknown = this.#store.explain(id, lifetime)
      if (reason === undefined || (typeof reason === 'string' && REASON.test(reason))) return reason
      // A promise is not a code. If it rejects, the rejection must not end the process.
      Promise.resolve(reason).catch(() => undefined)
    } catch {}
    return 'other'
  }

  /**
   * @returns the id. The store may have chosen it
   * @throws `FST_SESSION_STORE`, `FST_SESSION_TOO_LARGE`
   */
  write(id: string, bytes: Uint8Array, lifetime: number, ttl: number): MaybePromise<string> {
    const understand = this.ownsIds ? ownId : (answer: unknown) => sameId(answer, id)
    return this.#ask(id, () => this.#store.write(id, bytes, lifetime, ttl), understand)
  }

  /** @throws `FST_SESSION_STORE` */
  remove(id: string): MaybePromise<void> {
    return this.#ask(id, () => this.#store.remove(id), nothing)
  }

  /**
   * @returns `false` also if the store has no `touch`
   * @throws `FST_SESSION_STORE`
   */
  touch(id: string, lifetime: number, ttl: number): MaybePromise<boolean> {
    const store = this.#store
    return store.touch !== undefined && this.#ask(id, () => store.touch!(id, lifetime, ttl), isTouched)
  }

  /**
   * If `expected` is `null`, there must be no record.
   *
   * If the store has no `replace`, reading and writing are separate calls. The caller must then make sure
   * that no other request of this process changes the session. Each call has its own time limit. So nothing is written
   * if the read took too long.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_TOO_LARGE`
   */
  replace(
    id: string,
    expected: Uint8Array | null,
    bytes: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): MaybePromise<Replaced> {
    const store = this.#store
    const { replace } = store
    if (replace === undefined) return this.#replaceInSteps(id, expected, bytes, lifetime, ttl)
    return this.#ask(id, () => replace.call(store, id, expected, bytes, lifetime, ttl), replacedOrCurrent)
  }

  /**
   * Puts a tombstone in the place of a record, and the session under its new id. Only for a store with `move`.
   * @throws `FST_SESSION_STORE`, `FST_SESSION_TOO_LARGE`
   */
  move(id: string, expected: Uint8Array, moved: Moved, lifetime: number, ttl: number): MaybePromise<Replaced> {
    const { tombstone, tombstoneTtl, newId, bytes } = moved
    return this.#ask(
      id,
      () => this.#store.move!(id, expected, tombstone, tombstoneTtl, newId, bytes, lifetime, ttl),
      replacedOrCurrent
    )
  }

  async #replaceInSteps(
    id: string,
    expected: Uint8Array | null,
    bytes: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced> {
    const current = await this.read(id, lifetime)
    if (!isExpected(current, expected)) return { replaced: false, current }
    if (bytes === null) {
      if (current !== null) await this.remove(id)
    } else await this.write(id, bytes, lifetime, ttl)
    return { replaced: true }
  }

  /** @param understand returns the meaning of an answer, and throws if the answer is wrong */
  #ask<A, T>(id: string, call: () => A | PromiseLike<A>, understand: (answer: A) => T): MaybePromise<T> {
    return askStore(call, understand, this.timeout, id)
  }
}

/** A short code, because it goes to the log as it is, and a longer text could contain session data. */
const REASON = /^[\w.-]{1,40}$/

const isExpected = (current: Uint8Array | null, expected: Uint8Array | null): boolean =>
  current === null || expected === null ? current === expected : Buffer.compare(current, expected) === 0

const nothing = (): void => undefined

/**
 * Refuses other answers, such as a number or nothing. If they counted as `false`, a rolling session would end silently.
 */
function isTouched(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw badAnswer("the store's touch() must answer true, or false when nothing is under the id")
}

/**
 * Refuses another id, because nobody would find the record again, or an encryptor that binds the id would not open it.
 */
function sameId(answer: unknown, id: string): string {
  if (answer === id) return id
  throw badAnswer(
    "the store's write() must answer the id that it was given. A store that makes its own ids says so with ownsIds: true"
  )
}

function ownId(id: unknown): string {
  if (typeof id === 'string' && isSafeValue(id)) return id
  throw badAnswer("the store's write() must answer an id that fits into a cookie: [A-Za-z0-9._~+/=-], at most 4096")
}

function replacedOrCurrent(answer: Replaced | undefined): Replaced {
  const replaced = answer?.replaced
  if (replaced === true) return { replaced }
  if (replaced === false) return { replaced, current: storedBytes((answer as Replaced & { replaced: false }).current) }
  throw badAnswer("the store's replace() must answer { replaced: true }, or { replaced: false, current }")
}

function storedBytes(bytes: Uint8Array | null | undefined): Uint8Array | null {
  if (bytes === null || bytes === undefined) return null
  if (!types.isUint8Array(bytes)) throw badAnswer("the store's read() and replace() must hand out a Uint8Array or null")
  return bytes
}

/**
 * Calls a method of a store, or of its lists.
 * @param understand returns the meaning of an answer, and throws if the answer is wrong
 * @param timeout the time limit, in seconds. `null` for a store that works within this process
 * @param id the session that the call is about. `undefined` if it is about no single session
 * @throws `FST_SESSION_STORE`, `FST_SESSION_TOO_LARGE`
 */
export function askStore<A, T>(
  call: () => A | PromiseLike<A>,
  understand: (answer: A) => T,
  timeout: number | null,
  id: string | undefined
): MaybePromise<T> {
  const began = channels.storeError.hasSubscribers ? performance.now() : 0
  return ask(call, understand, timeout, (thrown) => {
    const cause = withoutSecrets(thrown, id ?? '')
    if (isInstance(thrown, SessionTooLargeError)) return new SessionTooLargeError('the store says so', { cause })
    if (channels.storeError.hasSubscribers) {
      const duration = performance.now() - began
      channels.storeError.publish({ ...(id !== undefined && { fingerprint: fingerprint(id) }), duration, error: cause })
    }
    return new SessionUnavailableError({ cause })
  })
}
