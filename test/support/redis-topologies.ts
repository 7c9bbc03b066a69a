import * as ioredis from 'ioredis'
import * as iovalkey from 'iovalkey'
import * as redis from 'redis'
import * as redis6 from 'redis-6'
import type { IoredisClient, RedisClient } from '../../types/clients/redis.ts'
import type { Connection } from './redis-clients.ts'
import { MASTER_NAME } from './redis-sentinel.ts'

/** The servers to connect to, on 127.0.0.1. This is plain data, because tests pass it to other processes. */
export interface Servers {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly ports: readonly number[]
}

export type Library = 'ioredis' | 'iovalkey' | 'node-redis' | 'node-redis 6'

export const LIBRARIES: readonly Library[] = ['ioredis', 'iovalkey', 'node-redis', 'node-redis 6']

type Connect = (ports: readonly number[]) => Promise<Connection>

const nowhere = () => undefined
export const nodes = (ports: readonly number[]) => ports.map((port) => ({ host: '127.0.0.1', port }))
/** The delay before a client connects again, in milliseconds. All other settings are the defaults of the library. */
const soon = () => 50

type ReconnectStrategy = (retries: number) => number | Error

/**
 * Connects a cluster client of node-redis. If this client is destroyed while it refreshes its slots, it keeps the new
 * connections and tries to connect forever. So after `close()` the reconnect strategy stops them.
 */
export async function connectedCluster(
  make: (reconnectStrategy: ReconnectStrategy) => Unconnected,
  delay: (retries: number) => number = soon
): Promise<Connection> {
  let isClosed = false
  const cluster = make((retries) => (isClosed ? new Error('the client is closed') : delay(retries)))
  const { client, close } = await connected(cluster)
  return {
    client,
    close() {
      isClosed = true
      return close()
    }
  }
}

const ioredisOrIovalkey = ({
  Redis,
  Cluster
}: Pick<typeof ioredis, 'Redis' | 'Cluster'>): Record<Servers['kind'], Connect> => ({
  single: async ([port]) => closing(new Redis({ port: port!, retryStrategy: soon })),
  cluster: async (ports) => closing(new Cluster(nodes(ports), { clusterRetryStrategy: soon })),
  sentinel: async (ports) =>
    closing(new Redis({ sentinels: nodes(ports), name: MASTER_NAME, sentinelRetryStrategy: soon, retryStrategy: soon }))
})

const nodeRedis = ({
  createClient,
  createCluster,
  createSentinel
}: Pick<typeof redis, 'createClient' | 'createCluster' | 'createSentinel'>): Record<Servers['kind'], Connect> => ({
  single: async ([port]) =>
    connected(createClient({ socket: { host: '127.0.0.1', port: port!, reconnectStrategy: soon } })),
  cluster: async (ports) => {
    const rootNodes = nodes(ports).map((socket) => ({ socket }))
    return connectedCluster((reconnectStrategy) =>
      createCluster({ rootNodes, defaults: { socket: { reconnectStrategy } } })
    )
  },
  sentinel: async (ports) => connected(createSentinel({ name: MASTER_NAME, sentinelRootNodes: nodes(ports) }))
})

const CONNECT: Record<Library, Record<Servers['kind'], Connect>> = {
  ioredis: ioredisOrIovalkey(ioredis),
  iovalkey: ioredisOrIovalkey(iovalkey as unknown as typeof ioredis),
  'node-redis': nodeRedis(redis),
  'node-redis 6': nodeRedis(redis6 as unknown as typeof redis)
}

/** Connects a client of the library. */
export function connectTo({ kind, ports }: Servers, library: Library): Promise<Connection> {
  return CONNECT[library][kind](ports)
}

export function closing(
  client: IoredisClient & { on(event: 'error', listener: () => void): unknown; disconnect(): void }
): Connection {
  client.on('error', nowhere)
  return { client, close: () => client.disconnect() }
}

/** A client that connects only when `connect()` is called. */
interface Unconnected {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

export async function connected(client: Unconnected): Promise<Connection> {
  client.on('error', nowhere)
  await client.connect()
  return { client: client as unknown as RedisClient, close: () => void client.destroy() }
}
