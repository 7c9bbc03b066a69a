import type { NodeRedisCluster } from '../../../types/clients/redis.ts'

/** If a master has not answered for this long, it may be gone. */
const LOST_AFTER_MS = 1_000
/** The pause between two attempts. A failover takes longer than that. */
const PAUSE_MS = 500

interface Pending {
  readonly key: string
  readonly since: number
}

/**
 * Finds the node that has replaced a master that is gone or hangs.
 *
 * node-redis asks where the slots are only if a node answers that a slot has moved (version 6 also if it connects
 * again). A dead master does not answer, so its sessions would fail until it is back. But every other master answers
 * where a key is, if somebody asks for a key that it does not have. So this class asks another master.
 */
export class LostMaster {
  readonly #cluster: NodeRedisCluster
  /** The oldest comes first. */
  readonly #pending = new Set<Pending>()
  #nextTry = 0

  constructor(cluster: NodeRedisCluster) {
    this.#cluster = cluster
  }

  /** Sends a command for the key. There is no timer: each new command checks whether an older one still waits. */
  async watch<T>(key: string, send: () => Promise<T>): Promise<T> {
    const now = performance.now()
    const [oldest] = this.#pending
    if (oldest !== undefined && now - oldest.since > LOST_AFTER_MS) this.#find(oldest.key, now)
    const command = { key, since: now }
    this.#pending.add(command)
    try {
      return await send().catch((error) => this.#failed(key, error))
    } finally {
      this.#pending.delete(command)
    }
  }

  #failed(key: string, error: unknown): never {
    const isAnyAway = this.#cluster.masters.some(({ client }) => client !== undefined && !client.isReady)
    if (isAnyAway) this.#find(key, performance.now())
    throw error
  }

  #find(key: string, now: number): void {
    if (now < this.#nextTry) return
    this.#nextTry = now + PAUSE_MS
    // If no key is given, node-redis asks one node after the other. The answer does not matter here.
    this.#cluster.sendCommand(undefined, false, ['GET', key]).catch(() => undefined)
  }
}
