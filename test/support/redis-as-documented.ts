import * as ioredis from 'ioredis'
import * as iovalkey from 'iovalkey'
import * as redis from 'redis'
import * as redis6 from 'redis-6'
import type { Connection } from './redis-clients.ts'
import { MASTER_NAME } from './redis-sentinel.ts'
import { closing, connected, type Library, nodes, type Servers } from './redis-topologies.ts'

type Kind = Exclude<Servers['kind'], 'single'>
type Connect = (ports: readonly number[]) => Promise<Connection>

/** Settings of README.md, "Redis in production". */
const retryStrategy = (retries: number) => Math.min(retries * 50, 500)
const PROMPT = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, maxLoadingRetryTime: 500 }
const NODE_REDIS = { disableOfflineQueue: true, socket: { reconnectStrategy: retryStrategy } }

const ioredisOrIovalkey = ({ Redis, Cluster }: Pick<typeof ioredis, 'Redis' | 'Cluster'>): Record<Kind, Connect> => ({
  async cluster(ports) {
    const client = new Cluster(nodes(ports), {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      retryDelayOnFailover: 0,
      slotsRefreshInterval: 2_000,
      redisOptions: { maxRetriesPerRequest: 0, socketTimeout: 2_000 }
    })
    const connection = closing(client)
    await client.connect()
    return connection
  },
  async sentinel(ports) {
    const client = new Redis({
      ...PROMPT,
      sentinels: nodes(ports),
      name: MASTER_NAME,
      retryStrategy,
      failoverDetector: true,
      socketTimeout: 2_000
    })
    const connection = closing(client)
    await client.connect()
    return connection
  }
})

const nodeRedis = ({
  createCluster,
  createSentinel
}: Pick<typeof redis, 'createCluster' | 'createSentinel'>): Record<Kind, Connect> => ({
  cluster: async (ports) =>
    connected(createCluster({ rootNodes: nodes(ports).map((socket) => ({ socket })), defaults: NODE_REDIS })),
  sentinel: async (ports) =>
    connected(createSentinel({ name: MASTER_NAME, sentinelRootNodes: nodes(ports), nodeClientOptions: NODE_REDIS }))
})

const CONNECT: Record<Library, Record<Kind, Connect>> = {
  ioredis: ioredisOrIovalkey(ioredis),
  iovalkey: ioredisOrIovalkey(iovalkey as unknown as typeof ioredis),
  'node-redis': nodeRedis(redis),
  'node-redis 6': nodeRedis(redis6 as unknown as typeof redis)
}

/** A client of the library with the settings that the README gives for several servers, ready for use. */
export function connectAsDocumented({ kind, ports }: Servers, library: Library): Promise<Connection> {
  return CONNECT[library][kind as Kind](ports)
}
