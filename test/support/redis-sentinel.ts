import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis-server.ts'
import { waitUntil } from './wait-until.ts'

const REPLICAS = 2
const SENTINELS = 3
const QUORUM = 2
/** After this time without an answer the master counts as dead. On a busy machine, a healthy process needs less time. */
const DOWN_AFTER_MS = 2_000
/** The sentinels repeat a failed failover after twice this time. */
const FAILOVER_TIMEOUT_MS = 5_000

/** The sentinels' name for the master. After a failover it is the name of the new master. */
export const MASTER_NAME = 'sessions'

/** A master, two replicas and three sentinels on 127.0.0.1. They end with this process, even if it is killed. */
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

  /** The ports of the sentinels, which a client needs to connect. */
  get ports(): number[] {
    return this.sentinels.map(({ port }) => port)
  }

  /** The current master, according to the first sentinel. */
  async master(): Promise<RedisServer> {
    const [, port] = (await this.#ask('GET-MASTER-ADDR-BY-NAME')) as [string, string]
    return this.nodes.find((node) => node.port === Number(port))!
  }

  /** Whether a replica has everything that the master had acknowledged before this call. */
  async isReplicated(master: RedisServer): Promise<boolean> {
    return ask(master, async (client) => {
      // WAIT waits for the writes of its own connection. A replica applies all writes in order, so it has the others as well.
      await client.set('fence', '')
      return (await client.wait(1, 1_000)) > 0
    })
  }

  /** Resolves when the sentinels are ready for a failover. */
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
