import * as ioredis from 'ioredis'
import * as iovalkey from 'iovalkey'
import * as redis from 'redis'
import * as redis6 from 'redis-6'
import type { Connection } from './redis-clients.ts'
import { MASTER_NAME } from './redis-sentinel.ts'
import { closing, connected, connectedCluster, type Library, nodes, type Servers } from './redis-topologies.ts'

/** Maps the address `host:port` that the sentinels give for a server to the address where the client can reach it. */
type AddressMap = Record<string, { host: string; port: number }>
type Connect = (ports: readonly number[], addressMap: AddressMap) => Promise<Connection>

/** The settings from docs/stores/redis.md. */
const retryStrategy = (retries: number) => Math.min(retries * 50, 500)
const PROMPT = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, maxLoadingRetryTime: 500 }
const TIMEOUTS = { connectTimeout: 2_000, socketTimeout: 2_000 }

const ioredisOrIovalkey = ({
  Redis,
  Cluster
}: Pick<typeof ioredis, 'Redis' | 'Cluster'>): Record<Servers['kind'], Connect> => ({
  async single([port]) {
    const client = new Redis(port!, { ...PROMPT, ...TIMEOUTS, retryStrategy })
    const connection = closing(client)
    await client.connect()
    return connection
  },
  async cluster(ports) {
    const client = new Cluster(nodes(ports), {
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      retryDelayOnFailover: 0,
      slotsRefreshInterval: 2_000,
      redisOptions: { maxRetriesPerRequest: 0, maxLoadingRetryTime: 500, ...TIMEOUTS }
    })
    const connection = closing(client)
    await new Promise((resolve) => client.once('ready', resolve))
    return connection
  },
  async sentinel(ports, natMap) {
    const client = new Redis({
      ...PROMPT,
      ...TIMEOUTS,
      sentinels: nodes(ports),
      name: MASTER_NAME,
      sentinelCommandTimeout: 2_000,
      retryStrategy,
      natMap
    })
    const connection = closing(client)
    await client.connect()
    return connection
  }
})

const nodeRedis = ({
  createClient,
  createCluster,
  createSentinel
}: Pick<typeof redis, 'createClient' | 'createCluster' | 'createSentinel'>): Record<Servers['kind'], Connect> => ({
  single: async ([port]) =>
    connected(
      createClient({
        disableOfflineQueue: true,
        pingInterval: 1_000,
        socket: { ...TIMEOUTS, host: '127.0.0.1', port: port!, reconnectStrategy: retryStrategy }
      })
    ),
  async cluster(ports) {
    const rootNodes = nodes(ports).map((socket) => ({ socket }))
    return connectedCluster((reconnectStrategy) => {
      const defaults = { disableOfflineQueue: true, pingInterval: 1_000, socket: { ...TIMEOUTS, reconnectStrategy } }
      return createCluster({ rootNodes, minimizeConnections: true, defaults })
    }, retryStrategy)
  },
  sentinel: async (ports, nodeAddressMap) =>
    connected(
      createSentinel({
        name: MASTER_NAME,
        sentinelRootNodes: nodes(ports),
        reserveClient: true,
        nodeClientOptions: {
          disableOfflineQueue: true,
          pingInterval: 1_000,
          socket: { ...TIMEOUTS, reconnectStrategy: false }
        },
        sentinelClientOptions: { pingInterval: 1_000, socket: TIMEOUTS },
        nodeAddressMap
      })
    )
})

const CONNECT: Record<Library, Record<Servers['kind'], Connect>> = {
  ioredis: ioredisOrIovalkey(ioredis),
  iovalkey: ioredisOrIovalkey(iovalkey as unknown as typeof ioredis),
  'node-redis': nodeRedis(redis),
  'node-redis 6': nodeRedis(redis6 as unknown as typeof redis)
}

/** Connects a client of the library, with the settings from docs/stores/redis.md. */
export function connectAsDocumented(
  { kind, ports }: Servers,
  library: Library,
  addressMap: AddressMap = {}
): Promise<Connection> {
  return CONNECT[library][kind](ports, addressMap)
}
