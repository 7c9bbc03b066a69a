import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis-server.ts'
import { waitUntil } from './wait-until.ts'

const SLOTS = 16_384
const MASTERS = 3
const NODES = 6
/** After this time without an answer a node counts as dead. On a busy machine, a healthy process needs less time. */
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

/** Three masters and three replicas on 127.0.0.1. They end with this process, even if it is killed. */
export class RedisCluster {
  readonly nodes: readonly ClusterNode[]
  readonly #folder: string

  private constructor(nodes: readonly ClusterNode[], folder: string) {
    this.nodes = nodes
    this.#folder = folder
  }

  /** Resolves when each node sees a healthy cluster. */
  static async start(): Promise<RedisCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'starsessions-cluster-'))
    const nodes = await Promise.all(Array.from({ length: NODES }, (_, index) => startNode(join(folder, String(index)))))
    const cluster = new RedisCluster(nodes, folder)
    await cluster.#wire()
    await cluster.healthy()
    return cluster
  }

  /** The ports of the nodes, which a client needs to connect. */
  get ports(): number[] {
    return this.nodes.map(({ server }) => server.port)
  }

  /** The master of the key's slot, according to a node that runs. */
  async masterOf(key: string): Promise<ClusterNode> {
    const [master] = await this.shardOf(key)
    return master!
  }

  /** The master of the key's slot, followed by its replicas. */
  async shardOf(key: string): Promise<ClusterNode[]> {
    const slot = await this.slotOf(key)
    const ranges = await slotsSeenBy(this.#living()[0]!)
    const [, , ...entries] = ranges.find(([first, last]) => first <= slot && slot <= last)!
    return entries.map(([, , id]) => this.#node(id))
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#living()[0]!.admin.cluster('KEYSLOT', key))
  }

  /** Moves the key's slot to another master, key by key, in the same way as a reshard. */
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
   * Whether a replica has everything that the node had acknowledged before this call.
   * @param fence a key in a slot of the node. The method overwrites it.
   */
  async isReplicated({ admin }: ClusterNode, fence: string): Promise<boolean> {
    // WAIT waits for the writes of its own connection. A replica applies all writes in order, so it has the others as well.
    await admin.set(fence, '')
    return (await admin.wait(1, 1_000)) > 0
  }

  /** Resolves when all slots are served, all running nodes know it, and the replicas follow their masters. */
  async healthy(): Promise<void> {
    await waitUntil('a healthy cluster', async () => {
      const living = this.#living()
      const agreed = await Promise.all(living.map((node) => seesHealth(node, living.length)))
      return agreed.every((healthy) => healthy)
    })
  }

  /** Resolves when a node refuses all commands, because some slots have no master. */
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
      // Nothing is written to disk, because the tests check that the replicas keep the data.
      ...['--appendonly', 'no', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
    ]
  })
  const admin = new Redis(server.port, { maxRetriesPerRequest: 0, retryStrategy: () => 100 })
  // Tests kill nodes. A command to a killed node then fails, so an error event says nothing more.
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
