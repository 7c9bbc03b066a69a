import { hash } from 'node:crypto'
import type { Replaced, SessionStore } from '../../types/store.ts'
import type { RedisStoreOptions } from '../../types/stores.ts'
import type { SessionsByUser } from '../../types/users/sessions-by-user.ts'
import type { MaybePromise } from '../base/when.ts'
import { ownOptions } from '../checks/option-names.ts'
import { REDIS_HINTS } from '../checks/other-libraries.ts'
import { SessionOptionsError } from '../errors.ts'
import { gcSeconds, isOver, MONTH_SECONDS, secondsToKeep } from './gc-ttl.ts'
import type { MoveArguments } from './move-arguments.ts'
import { type Count, isOne, type RedisCommands, toBytes } from './redis/commands.ts'
import { explained } from './redis/explained.ts'
import { keyMaker, sampleOf } from './redis/keys.ts'
import { recognise } from './redis/recognise.ts'
import { assertSubscriber } from './redis/subscriber.ts'
import { BLOCK_MS, BLOCKED } from './redis/user-scripts.ts'
import { RedisUsers } from './redis/users.ts'
import { isUnchanged } from './unchanged.ts'

/**
 * Keeps sessions in Redis (6.2 or later) or Valkey: one string key for each session, and one command for each call.
 *
 * Errors of the client are thrown unchanged, except in two cases. If the client was closed, a new error says so. If
 * Redis is older than 6.2, a new error says which version is needed.
 */
export class RedisStore implements SessionStore {
  /** A read with a `ttl` also prolongs (GETEX), so rolling sessions need no `touch`. */
  readonly readProlongs = true
  readonly #commands: RedisCommands
  readonly #gcTtl: number
  #isCluster = false
  readonly #key: (sessionId: string) => string
  /**
   * The key of a fixed id, for comparing stores. It is `undefined` if the prefix function works only within a request.
   */
  readonly #sample: string | undefined
  readonly #users: RedisUsers

  /**
   * @param options only `client` is required
   * @throws `FST_SESSION_OPTIONS` if the client is not supported, or an option is unknown or wrong
   */
  constructor(options: RedisStoreOptions) {
    const own = ownOptions('RedisStore', options, ['client', 'prefix', 'gcTtl', 'hashIds', 'subscriber'], REDIS_HINTS)
    const { client, prefix = 'starsessions.', gcTtl, hashIds = true, subscriber } = own
    if (typeof hashIds !== 'boolean') throw new SessionOptionsError('RedisStore: hashIds must be true or false')
    this.#gcTtl = gcSeconds('RedisStore', gcTtl, MONTH_SECONDS)
    const toKey = keyMaker('RedisStore', prefix)
    const nameOf = (sessionId: string) => (hashIds ? hash('sha256', sessionId, 'hex') : sessionId)
    this.#key = (sessionId) => toKey(nameOf(sessionId))
    this.#sample = sampleOf(this.#key)
    this.#commands = recognise(client)
    assertSubscriber('RedisStore', subscriber, client)
    this.#users = new RedisUsers(
      {
        run: (script, key, args) => this.#asked(this.#commands.run(script, key, args), (answer) => answer),
        nameOf,
        keyOf: toKey,
        milliseconds: (lifetime, ttl) => this.#milliseconds(lifetime, ttl)
      },
      subscriber
    )
  }

  /**
   * The sessions of each user: one hash for each user, and Lua scripts with one key each, so they run on a cluster. An
   * ended session leaves a few bytes behind for a minute, so that no request that is under way can bring it back.
   */
  get byUser(): SessionsByUser {
    return this.#users
  }

  /**
   * Compares the keys, not the clients, because two clients may be connected to one server. A prefix function that
   * works only within a request cannot be compared, and neither can a Proxy. They count as shared.
   * @returns whether both stores keep a session under the same key
   */
  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof RedisStore && (!(#sample in other) || this.#sample === other.#sample)
  }

  /** Sends GET. If the `lifetime` is 0, or with a `ttl`, it sends GETEX, which also prolongs the session. */
  read(sessionId: string, lifetime: number, ttl = 0): MaybePromise<Uint8Array | null> {
    const key = this.#key(sessionId)
    // With lifetime 0, only this store limits the session, so it must not end while somebody uses it.
    const prolongs = lifetime === 0 || ttl > 0
    return this.#asked(
      prolongs ? this.#commands.getex(key, this.#milliseconds(lifetime, ttl)) : this.#commands.get(key),
      (data) => {
        if (!isBlocked(data)) return data
        // Otherwise a browser that still has the old cookie could keep the key alive.
        return prolongs ? this.#asked(this.#commands.pexpire(key, BLOCK_MS), () => null) : null
      }
    )
  }

  /** Sends SET, or DEL if no time is left. */
  write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): MaybePromise<string> {
    const key = this.#key(sessionId)
    const answer: Promise<unknown> =
      lifetime === 0 || ttl > 0
        ? this.#commands.set(key, toBytes(data), this.#milliseconds(lifetime, ttl))
        : this.#commands.del(key)
    return this.#asked(answer, () => sessionId)
  }

  /**
   * Runs a Lua script. It stores the data if the stored bytes equal `expected`, or if `expected` is `null` and there is
   * no session.
   */
  replace(
    sessionId: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): MaybePromise<Replaced> {
    const isRemoval = data === null || isOver(lifetime, ttl)
    const px = isRemoval ? 'DEL' : this.#milliseconds(lifetime, ttl)
    const bytes = isRemoval ? '' : toBytes(data)
    return this.#asked(
      this.#commands.replace(this.#key(sessionId), expected && toBytes(expected), px, bytes),
      toReplaced
    )
  }

  /**
   * Runs a Lua script over two keys: it stores the session under its new id, and a tombstone under the old one.
   * `undefined` in a cluster, where the keys are on different nodes, and in a subclass, because its own `write` and
   * `replace` must not be bypassed.
   */
  get move(): SessionStore['move'] {
    return this.#commands.move === undefined || this.#isCluster || !isUnchanged(this, RedisStore)
      ? undefined
      : this.#move
  }

  #move(...args: MoveArguments): Promise<Replaced> {
    const [id, expected, tombstone, tombstoneTtl, newId, data, lifetime, ttl] = args
    const old = { expected: toBytes(expected), tombstone: toBytes(tombstone), px: Math.ceil(tombstoneTtl * 1000) }
    const px = Math.max(1, this.#milliseconds(lifetime, ttl))
    const moved = this.#commands.move!(this.#key(id), this.#key(newId), old, toBytes(data), px)
    return this.#asked(moved, toReplaced).catch((error) => {
      if (!saysCrossSlot(error)) throw error
      // A cluster can also look like one server, for example Redis Enterprise. Its nodes run no script over two keys.
      this.#isCluster = true
      return this.#moveInSteps(...args)
    })
  }

  async #moveInSteps(...args: MoveArguments): Promise<Replaced> {
    const [id, expected, tombstone, tombstoneTtl, newId, data, lifetime, ttl] = args
    await this.write(newId, data, lifetime, ttl)
    const answer = await this.replace(id, expected, tombstone, tombstoneTtl, tombstoneTtl)
    if (!answer.replaced) await this.remove(newId)
    return answer
  }

  /**
   * Sends DEL.
   * @returns whether there was a session
   */
  remove(sessionId: string): MaybePromise<boolean> {
    return this.#asked(this.#commands.del(this.#key(sessionId)), isOne)
  }

  /**
   * Sends PEXPIRE.
   * @returns whether there is a session
   */
  touch(sessionId: string, lifetime: number, ttl: number): MaybePromise<boolean> {
    const isRemoval = isOver(lifetime, ttl)
    const milliseconds = isRemoval ? 0 : this.#milliseconds(lifetime, ttl)
    return this.#asked(
      this.#commands.pexpire(this.#key(sessionId), milliseconds),
      (count) => isOne(count) && !isRemoval
    )
  }

  #asked<A, T>(answer: Promise<A>, understand: (answer: A) => T | Promise<T>): Promise<T> {
    return explained(this.#commands, answer, understand)
  }

  #milliseconds(lifetime: number, ttl: number): number {
    return Math.ceil(secondsToKeep(lifetime, ttl, this.#gcTtl) * 1000)
  }
}

/** Whether `end()` has ended the session under this key. */
const isBlocked = (data: Uint8Array | null): boolean => data !== null && Buffer.compare(data, BLOCKED) === 0

const toReplaced = ([done, current = null]: [Count, (Buffer | null)?]): Replaced =>
  isOne(done) ? { replaced: true } : { replaced: false, current: isBlocked(current) ? null : current }

const saysCrossSlot = (error: unknown): boolean => error instanceof Error && error.message.startsWith('CROSSSLOT')
