/** What a client of node-redis sends: the name of a command and its arguments. */
type RedisArgument = string | Buffer

/** `Redis` and `Cluster` of ioredis (5 and 6) and of iovalkey. The store recognises them by these methods. */
export interface IoredisClient {
  /** After `'end'`, the client does not connect again. */
  readonly status: string
  /** `true` for a `Cluster`, which spreads keys over several servers. */
  readonly isCluster?: boolean
  /** GET, with the answer as bytes. */
  getBuffer(key: string): Promise<Uint8Array | null>
  /** GETEX, with the answer as bytes: reads and prolongs to so many milliseconds. */
  getexBuffer(key: string, unit: 'PX', milliseconds: number): Promise<Uint8Array | null>
  /** SET with an expiry in milliseconds. */
  set(key: string, value: string | Buffer, unit: 'PX', milliseconds: number): Promise<unknown>
  /** DEL. Resolves to the number of deleted keys. */
  del(key: string): Promise<number | string>
  /** PEXPIRE. Resolves to 1, or to 0 if the key is missing. */
  pexpire(key: string, milliseconds: number): Promise<number | string>
  /**
   * Adds the methods `name` and `nameBuffer`. They run the script by its hash, and send the whole script if Redis does
   * not know it.
   */
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void
}

/** What all clients of node-redis have (`redis` 5 and later). */
interface NodeRedisConnection {
  /** `false`: the client was not connected yet, or was closed. */
  readonly isOpen: boolean
  /** Connects. The store never calls it: connecting and closing the client is your task. */
  connect(): Promise<unknown>
  /** The store never calls it, but recognises the client by it. */
  withTypeMapping(mapping: object): unknown
}

/** `createClient()` and `createClientPool()` of node-redis (`redis` 5 and later). */
export interface NodeRedisClient extends NodeRedisConnection {
  /** Sends a command. */
  sendCommand(args: RedisArgument[], options?: object): Promise<unknown>
  /** Only a pool has it. */
  readonly totalClients?: number
}

/** `createCluster()` of node-redis (`redis` 5 and later). */
export interface NodeRedisCluster extends NodeRedisConnection {
  /** Sends a command to the node of the key. */
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean,
    args: RedisArgument[],
    options?: object
  ): Promise<unknown>
  /** The store never calls it, but recognises a cluster by it. */
  getSlotRandomNode(slot: number): unknown
  /** The masters, each with its connection if there is one. */
  readonly masters: readonly { readonly client?: { readonly isReady: boolean } | undefined }[]
}

/** `createSentinel()` of node-redis (`redis` 5 and later). */
export interface NodeRedisSentinel extends NodeRedisConnection {
  /** Sends a command to the master. */
  sendCommand(isReadonly: boolean, args: RedisArgument[], options?: object): Promise<unknown>
  /** The store never calls it, but recognises a sentinel client by it. */
  getSentinelNode(): unknown
}

/**
 * A client for Redis (6.2 or later) or Valkey: `Redis` and `Cluster` of ioredis (5 and 6) and of iovalkey;
 * `createClient()`, `createClientPool()`, `createCluster()` and `createSentinel()` of node-redis (`redis` 5 and later).
 * The store recognises the client by its methods.
 */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel

/** A connection of its own to Redis, for `subscriber`: `client.duplicate()` of ioredis, iovalkey or node-redis. */
export type RedisSubscriber =
  | {
      /** Marks a client of ioredis or iovalkey. The store never calls it. */
      defineCommand(...args: never[]): unknown
      /** SUBSCRIBE. */
      subscribe(channel: string): Promise<unknown>
      /** Calls the listener with the channel and the message. */
      on(event: 'message', listener: (channel: string, message: string) => void): unknown
    }
  | {
      /** Marks a client of node-redis. The store never calls it. */
      withTypeMapping(mapping: object): unknown
      /** SUBSCRIBE, with a listener for the messages of this channel. */
      subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
    }
