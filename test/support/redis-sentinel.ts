import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis-server.ts'
import { waitUntil } from './wait-until.ts'

const REPLICAS = 2
const SENTINELS = 3
const QUORUM = 2
/** After so long a master is taken for dead: long enough for a process that waits for its turn on a busy machine. */
const DOWN_AFTER_MS = 2_000
/** What a failover that does not succeed is tried again after, twice over. */
const FAILOVER_TIMEOUT_MS = 5_000

/** What the sentinels call the master, whoever it is. */
export const MASTER_NAME = 'sessions'

/** A master, two replicas and three sentinels on 127.0.0.1. They end with this process, whatever ends that. */
export class RedisSentinels {
  readonly nodes: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  readonly #folder: string

  private constructor(nodes: readonly RedisServer[], sentinels: readonly RedisServer[], folder: string) {
    this.nodes = nodes
    this.sentinels = sentinels
    this.#folder = folder
  }

  /** Resolves when the sentinels know each other and both replicas. */
  static async start(): Promise<RedisSentinels> {
    const folder = await mkdtemp(join(tmpdir(), 'starsessions-sentinel-'))
    const syncsAtOnce = ['--repl-diskless-sync-delay', '0']
    const master = await startRedis({ args: syncsAtOnce })
    const follows = ['--replicaof', '127.0.0.1', String(master.port)]
    const replicas = await Promise.all(
      Array.from({ length: REPLICAS }, () => startRedis({ args: [...syncsAtOnce, ...follows] }))
    )
    await waitUntil('replicas that follow their master', async () => {
      const info = await ask(master, (client) => client.info('replication'))
      return info.split('state=online').length - 1 === REPLICAS
    })
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, (_, index) => startSentinel(join(folder, `${index}.conf`), master.port))
    )
    const set = new RedisSentinels([master, ...replicas], sentinels, folder)
    await set.healthy()
    return set
  }

  /** For a client to start from. */
  get ports(): number[] {
    return this.sentinels.map(({ port }) => port)
  }

  /** The master of the moment, as the first sentinel sees it. */
  async master(): Promise<RedisServer> {
    const [, port] = (await this.#ask('GET-MASTER-ADDR-BY-NAME')) as [string, string]
    return this.nodes.find((node) => node.port === Number(port))!
  }

  /** Whether a replica has everything that the master had acknowledged before. */
  async isReplicated(master: RedisServer): Promise<boolean> {
    return ask(master, async (client) => {
      // WAIT waits for what its own connection wrote; but a replica takes all in one order.
      await client.set('fence', '')
      return (await client.wait(1, 1_000)) > 0
    })
  }

  /** Resolves when the sentinels could do a failover. */
  async healthy(): Promise<void> {
    await waitUntil('sentinels that agree', async () => {
      const [quorum, others, replicas] = await Promise.all([
        this.#ask('CKQUORUM'),
        this.#ask('SENTINELS'),
        this.#ask('REPLICAS')
      ])
      return (
        String(quorum).startsWith('OK') &&
        (others as unknown[]).length === SENTINELS - 1 &&
        (replicas as unknown[]).length === REPLICAS
      )
    })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((server) => server.kill()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  #ask(command: string): Promise<unknown> {
    return ask(this.sentinels[0]!, (client) => client.call('SENTINEL', command, MASTER_NAME))
  }
}

async function startSentinel(configFile: string, masterPort: number): Promise<RedisServer> {
  await writeFile(
    configFile,
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} ${QUORUM}
sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}
sentinel failover-timeout ${MASTER_NAME} ${FAILOVER_TIMEOUT_MS}
`
  )
  return startRedis({ configFile, args: ['--sentinel'] })
}

async function ask<T>({ port }: RedisServer, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(port, { maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => undefined)
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}
