import { hash } from 'node:crypto'
import type { Replaced, SessionStore } from '../../types/store.ts'
import { SessionOptionsError } from '../errors.ts'
import { checkOptionNames, positiveInteger } from './store-options.ts'

const COMMANDS = ['getBuffer', 'getexBuffer', 'set', 'del', 'pexpire', 'defineCommand'] as const
const MONTH_SECONDS = 30 * 86_400

/** What this store asks of a client: ioredis' `Redis` and `Cluster` (5 and 6) have it. */
export interface RedisClient {
  getBuffer(key: string): Promise<Uint8Array | null>
  getexBuffer(key: string, unit: 'PX', milliseconds: number): Promise<Uint8Array | null>
  set(key: string, value: Buffer, unit: 'PX', milliseconds: number): Promise<unknown>
  del(key: string): Promise<number | string>
  pexpire(key: string, milliseconds: number): Promise<number | string>
  /** Adds the method `name`, and `nameBuffer`, which runs the script by its hash and sends it again when it is not known. */
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void
}

const REPLACE = 'starsessionsReplace'

/** One key, so that it runs on a cluster. What is there on a conflict comes back in the same round trip. */
const REPLACE_LUA = `
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[1] then return { 0, current } end
if ARGV[2] == 'DEL' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
return { 1 }`

type ReplaceCommand = (
  key: string,
  expected: Buffer,
  px: number | 'DEL',
  data: Buffer | ''
) => Promise<[number | string, (Buffer | null)?]>

export interface RedisStoreOptions {
  /** The caller connects it and closes it. */
  readonly client: RedisClient
  /** Before each key, or what makes a full key of it (of the hash, or of the id). @default 'starsessions.' */
  readonly prefix?: string | ((key: string) => string)
  /** Seconds that a session lives when the lifetime is 0 and nobody reads it. @default 2592000 (30 days) */
  readonly gcTtl?: number
  /**
   * Keys hold the SHA-256 of the id, so that nobody who can list keys can take over sessions. `false`: the id itself, as
   * Python's starsessions has it. @default true
   */
  readonly hashIds?: boolean
}

/**
 * Keeps sessions in Redis (6.2 or newer): one string key each, and one command for each call.
 *
 * What the client throws is thrown on as it is.
 */
export class RedisStore implements SessionStore {
  readonly readProlongs = true
  readonly #client: RedisClient
  readonly #gcTtl: number
  readonly #key: (sessionId: string) => string

  /** @throws `SessionOptionsError` */
  constructor(options: RedisStoreOptions) {
    checkOptionNames('RedisStore', options, ['client', 'prefix', 'gcTtl', 'hashIds'])
    const { client, prefix = 'starsessions.', gcTtl, hashIds = true } = options
    if (typeof hashIds !== 'boolean') throw new SessionOptionsError('RedisStore: hashIds must be true or false')
    this.#client = checkClient(client)
    client.defineCommand(REPLACE, { lua: REPLACE_LUA, numberOfKeys: 1 })
    this.#gcTtl = positiveInteger('RedisStore', 'gcTtl', gcTtl, MONTH_SECONDS)
    const toKey = keyMaker(prefix)
    this.#key = hashIds ? (sessionId) => toKey(hash('sha256', sessionId, 'hex')) : toKey
  }

  async read(sessionId: string, lifetime: number, ttl = 0): Promise<Uint8Array | null> {
    const key = this.#key(sessionId)
    // A session without a lifetime must not end under a user who is there: only its ttl is this store's own choice.
    return lifetime === 0 || ttl > 0
      ? this.#client.getexBuffer(key, 'PX', this.#milliseconds(lifetime, ttl))
      : this.#client.getBuffer(key)
  }

  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    const key = this.#key(sessionId)
    const bytes = toBuffer(data)
    if (lifetime === 0 || ttl > 0) await this.#client.set(key, bytes, 'PX', this.#milliseconds(lifetime, ttl))
    else await this.#client.del(key)
    return sessionId
  }

  async replace(
    sessionId: string,
    expected: Uint8Array,
    data: Uint8Array | null,
    lifetime: number,
    ttl: number
  ): Promise<Replaced> {
    const isRemoval = data === null || (lifetime !== 0 && !(ttl > 0))
    const client = this.#client as unknown as { starsessionsReplaceBuffer: ReplaceCommand }
    const [done, current = null] = await client.starsessionsReplaceBuffer(
      this.#key(sessionId),
      toBuffer(expected),
      isRemoval ? 'DEL' : this.#milliseconds(lifetime, ttl),
      isRemoval ? '' : toBuffer(data)
    )
    return isOne(done) ? { replaced: true } : { replaced: false, current }
  }

  async remove(sessionId: string): Promise<boolean> {
    return isOne(await this.#client.del(this.#key(sessionId)))
  }

  async touch(sessionId: string, lifetime: number, ttl: number): Promise<boolean> {
    const isOver = lifetime !== 0 && !(ttl > 0)
    const found = await this.#client.pexpire(this.#key(sessionId), isOver ? 0 : this.#milliseconds(lifetime, ttl))
    return isOne(found) && !isOver
  }

  #milliseconds(lifetime: number, ttl: number): number {
    return Math.ceil((lifetime === 0 ? this.#gcTtl : ttl) * 1000)
  }
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** ioredis' option `stringNumbers` makes text of every number. */
const isOne = (count: number | string): boolean => Number(count) === 1

function checkClient(client: RedisClient): RedisClient {
  const missing = COMMANDS.find((command) => typeof client?.[command] !== 'function')
  if (missing === undefined) return client
  throw new SessionOptionsError(
    `RedisStore: client has no ${missing}(): pass an ioredis client, as in new Redis(url) or new Redis.Cluster(nodes)`
  )
}

function keyMaker(prefix: string | ((key: string) => string)): (key: string) => string {
  if (typeof prefix === 'string') return (key) => prefix + key
  if (typeof prefix !== 'function') throw new SessionOptionsError('RedisStore: prefix must be text or a function')
  return (key) => {
    const full = prefix(key)
    if (typeof full !== 'string') throw new SessionOptionsError('RedisStore: prefix(key) must return text')
    return full
  }
}
