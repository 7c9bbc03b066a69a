import { hash } from 'node:crypto'
import type { Replaced, SessionStore } from '../../types/store.ts'
import type { RedisStoreOptions } from '../../types/stores.ts'
import { ownOptions } from '../checks/option-names.ts'
import { REDIS_HINTS } from '../checks/other-libraries.ts'
import { SessionOptionsError } from '../errors.ts'
import { gcSeconds, secondsToKeep } from './gc-ttl.ts'
import type { Count, RedisCommands } from './redis/commands.ts'
import { recognise } from './redis/recognise.ts'

const MONTH_SECONDS = 30 * 86_400

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
  readonly #key: (sessionId: string) => string
  /**
   * The key of a fixed id, for comparing stores. It is `undefined` if the prefix function works only within a request.
   */
  readonly #sample: string | undefined

  /**
   * @param options only `client` is required
   * @throws `FST_SESSION_OPTIONS` if the client is not supported, or an option is unknown or wrong
   */
  constructor(options: RedisStoreOptions) {
    const own = ownOptions('RedisStore', options, ['client', 'prefix', 'gcTtl', 'hashIds'], REDIS_HINTS)
    const { client, prefix = 'starsessions.', gcTtl, hashIds = true } = own
    if (typeof hashIds !== 'boolean') throw new SessionOptionsError('RedisStore: hashIds must be true or false')
    this.#gcTtl = gcSeconds('RedisStore', gcTtl, MONTH_SECONDS)
    const toKey = keyMaker(prefix)
    this.#key = hashIds ? (sessionId) => toKey(hash('sha256', sessionId, 'hex')) : toKey
    this.#sample = sampleOf(this.#key)
    this.#commands = recognise(client)
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
  async read(sessionId: string, lifetime: number, ttl = 0): Promise<Uint8Array | null> {
    const key = this.#key(sessionId)
    // With lifetime 0, only this store limits the session, so it must not end while somebody uses it.
    return this.#asked(
      lifetime === 0 || ttl > 0 ? this.#commands.getex(key, this.#milliseconds(lifetime, ttl)) : this.#commands.get(key)
    )
  }

  /** Sends SET, or DEL if no time is left. */
  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    const key = this.#key(sessionId)
    const bytes = toBuffer(data)
    await this.#asked(
      lifetime === 0 || ttl > 0
        ? this.#commands.set(key, bytes, this.#milliseconds(lifetime, ttl))
        : this.#commands.del(key)
    )
    return sessionId
  }

  /**
   * Runs a Lua script. It stores the data if the stored bytes equal `expected`, or if `expected` is `null` and there is
   * no session.
   */
  async replace(
    sessionId: string,
    expected: Uint8Array | null,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced> {
    const isRemoval = data === null || (lifetime !== 0 && !(ttl > 0))
    const px = isRemoval ? 'DEL' : this.#milliseconds(lifetime, ttl)
    const [done, current = null] = await this.#asked(
      this.#commands.replace(this.#key(sessionId), expected && toBuffer(expected), px, isRemoval ? '' : toBuffer(data))
    )
    return isOne(done) ? { replaced: true } : { replaced: false, current }
  }

  /**
   * Sends DEL.
   * @returns whether there was a session
   */
  async remove(sessionId: string): Promise<boolean> {
    return isOne(await this.#asked(this.#commands.del(this.#key(sessionId))))
  }

  /**
   * Sends PEXPIRE.
   * @returns whether there is a session
   */
  async touch(sessionId: string, lifetime: number, ttl: number): Promise<boolean> {
    const isOver = lifetime !== 0 && !(ttl > 0)
    const milliseconds = isOver ? 0 : this.#milliseconds(lifetime, ttl)
    return isOne(await this.#asked(this.#commands.pexpire(this.#key(sessionId), milliseconds))) && !isOver
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      const reason = this.#commands.closed() ?? (saysNoGetex(cause) ? TOO_OLD : undefined)
      throw reason === undefined ? cause : new Error(reason, { cause })
    }
  }

  #milliseconds(lifetime: number, ttl: number): number {
    return Math.ceil(secondsToKeep(lifetime, ttl, this.#gcTtl) * 1000)
  }
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const isOne = (count: Count): boolean => Number(count) === 1

const TOO_OLD = 'Redis does not know the command GETEX: RedisStore needs Redis 6.2 or later, or Valkey'

const saysNoGetex = (error: unknown): boolean =>
  error instanceof Error && /^err unknown command ['`]?getex/i.test(error.message)

function keyMaker(prefix: string | ((key: string) => string)): (key: string) => string {
  if (typeof prefix === 'string') return (key) => prefix + key
  if (typeof prefix !== 'function') throw new SessionOptionsError('RedisStore: prefix must be text or a function')
  let last = { key: '', full: '' }
  return (key) => {
    const full: unknown = prefix(key)
    if (typeof full !== 'string') throw badPrefix('must return text')
    if (full === last.full && key !== last.key) throw badPrefix('returns the same text for two keys')
    last = { key, full }
    return full
  }
}

const badPrefix = (fault: string): Error =>
  new SessionOptionsError(
    `RedisStore: prefix(key) ${fault}: it must make another text of each key, for example (key) => 'shop:' + key. Otherwise all visitors would share one session`
  )

/** @throws `FST_SESSION_OPTIONS` if the prefix function does not make another key for each session */
function sampleOf(toKey: (sessionId: string) => string): string | undefined {
  try {
    toKey('another id')
    return toKey('an id')
  } catch (error) {
    if (error instanceof SessionOptionsError) throw error
    return undefined
  }
}
