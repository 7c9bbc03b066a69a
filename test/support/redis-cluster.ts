import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis-server.ts'
import { waitUntil } from './wait-until.ts'

const SLOTS = 16_384
const MASTERS = 3
const NODES = 6
/** After so long a node is taken for dead: long enough for a process that waits for its turn on a busy machine. */
const NODE_TIMEOUT_MS = 2_000
const MIGRATE_TIMEOUT_MS = 10_000

export interface ClusterNode {
  readonly id: string
  readonly server: RedisServer
  /** A connection to this node alone. */
  readonly admin: Redis
}

type NodeEntry = [host: string, port: number, id: string, info: unknown[]]
type SlotRange = [first: number, last: number, master: NodeEntry, ...replicas: NodeEntry[]]

/** Three masters and three replicas on 127.0.0.1. They end with this process, whatever ends that. */
export class RedisCluster {
  readonly nodes: readonly ClusterNode[]
  readonly #folder: string

  private constructor(nodes: readonly ClusterNode[], folder: string) {
    this.nodes = nodes
    this.#folder = folder
  }

  /** Resolves when every node agrees that all is well. */
  static async start(): Promise<RedisCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'starsessions-cluster-'))
    const nodes = await Promise.all(Array.from({ length: NODES }, (_, index) => startNode(join(folder, String(index)))))
    const cluster = new RedisCluster(nodes, folder)
    await cluster.#wire()
    await cluster.healthy()
    return cluster
  }

  /** For a cluster client to start from. */
  get ports(): number[] {
    return this.nodes.map(({ server }) => server.port)
  }

  /** Who has the key's slot, as those who live see it. */
  async masterOf(key: string): Promise<ClusterNode> {
    const [master] = await this.shardOf(key)
    return master!
  }

  /** The same, and its replicas. */
  async shardOf(key: string): Promise<ClusterNode[]> {
    const slot = await this.slotOf(key)
    const ranges = await slotsSeenBy(this.#living()[0]!)
    const [, , ...entries] = ranges.find(([first, last]) => first <= slot && slot <= last)!
    return entries.map(([, , id]) => this.#node(id))
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#living()[0]!.admin.cluster('KEYSLOT', key))
  }

  /** Moves the key's slot to another master, key by key, as a reshard does. */
  async moveSlotOf(key: string): Promise<void> {
    const slot = await this.slotOf(key)
    const source = await this.masterOf(key)
    const masters = await this.#masters()
    const target = masters.find((node) => node !== source)!
    await target.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id)
    await source.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id)
    const to = ['127.0.0.1', target.server.port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS'] as const
    for (;;) {
      const keys = (await source.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
      if (keys.length === 0) break
      await source.admin.call('MIGRATE', ...to, ...keys)
    }
    for (const node of [target, ...masters]) await node.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', target.id)
  }

  /**
   * Whether a replica has everything that the node had acknowledged before.
   * @param fence a key of the node's own
   */
  async isReplicated({ admin }: ClusterNode, fence: string): Promise<boolean> {
    // WAIT waits for what its own connection wrote; but a replica takes all in one order.
    await admin.set(fence, '')
    return (await admin.wait(1, 1_000)) > 0
  }

  /** Resolves when all slots are served, everyone who lives knows it, and the replicas follow. */
  async healthy(): Promise<void> {
    await waitUntil('a healthy cluster', async () => {
      const living = this.#living()
      const agreed = await Promise.all(living.map((node) => seesHealth(node, living.length)))
      return agreed.every((healthy) => healthy)
    })
  }

  /** Resolves when a node refuses everything, because slots are not served. */
  async down(): Promise<void> {
    await waitUntil('a cluster that is down', async () => {
      const states = await Promise.all(this.#living().map(({ admin }) => admin.cluster('INFO')))
      return states.some((state) => state.includes('cluster_state:fail'))
    })
  }

  async stop(): Promise<void> {
    for (const { admin } of this.nodes) admin.disconnect()
    await Promise.all(this.nodes.map(({ server }) => server.kill()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #wire(): Promise<void> {
    const [first] = this.nodes
    for (const [index, { admin }] of this.nodes.entries()) {
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      if (index < MASTERS) await admin.call('CLUSTER', 'ADDSLOTSRANGE', ...sliceOfSlots(index))
      if (index > 0) await admin.cluster('MEET', '127.0.0.1', first!.server.port)
    }
    for (const [index, { admin }] of this.nodes.slice(MASTERS).entries()) {
      const master = this.nodes[index]!
      await waitUntil('a replica that knows its master', async () => {
        return (await admin.cluster('REPLICATE', master.id)) === 'OK'
      })
    }
  }

  #living(): ClusterNode[] {
    return this.nodes.filter(({ server }) => server.isRunning)
  }

  async #masters(): Promise<ClusterNode[]> {
    const ranges = await slotsSeenBy(this.#living()[0]!)
    return [...new Set(ranges.map(([, , [, , id]]) => this.#node(id)))]
  }

  #node(id: string): ClusterNode {
    return this.nodes.find((node) => node.id === id)!
  }
}

async function startNode(dataDir: string): Promise<ClusterNode> {
  await mkdir(dataDir)
  const server = await startRedis({
    dataDir,
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
      ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--cluster-replica-validity-factor', '0'],
      // The data live as long as a replica has them: that is what is tested.
      ...['--appendonly', 'no', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
    ]
  })
  const admin = new Redis(server.port, { maxRetriesPerRequest: 0, retryStrategy: () => 100 })
  // Nodes are killed: what is asked of them then fails, and that is enough.
  admin.on('error', () => undefined)
  return { id: String(await admin.cluster('MYID')), server, admin }
}

function sliceOfSlots(index: number): [first: number, last: number] {
  const start = (part: number) => Math.floor((part * SLOTS) / MASTERS)
  return [start(index), start(index + 1) - 1]
}

async function slotsSeenBy({ admin }: ClusterNode): Promise<SlotRange[]> {
  return (await admin.cluster('SLOTS')) as unknown as SlotRange[]
}

async function seesHealth(node: ClusterNode, living: number): Promise<boolean> {
  const [info, replication, ranges] = await Promise.all([
    node.admin.cluster('INFO'),
    node.admin.info('replication'),
    slotsSeenBy(node)
  ])
  const served = info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`)
  const follows = replication.includes('role:master') || replication.includes('master_link_status:up')
  const followed = living < NODES || ranges.every(([, , , ...replicas]) => replicas.length > 0)
  return served && follows && followed
}
