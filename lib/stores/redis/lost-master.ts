import type { NodeRedisCluster } from '../../../types/redis-client.ts'

/** A master that does not answer for so long may be gone. */
const LOST_AFTER_MS = 1_000
/** From one try to the next: a failover takes longer. */
const PAUSE_MS = 500

interface Pending {
  readonly key: string
  readonly since: number
}

/**
 * Finds out who has taken over from a master that is gone, or hangs.
 *
 * node-redis looks where the slots are when a node says that one has moved (version 6 also when it connects again). From a
 * master that says nothing the sessions would not come back before it does itself. But any other master says it when it is
 * asked for a key that is not its own.
 */
export class LostMaster {
  readonly #cluster: NodeRedisCluster
  /** Oldest first. */
  readonly #pending = new Set<Pending>()
  #nextTry = 0

  constructor(cluster: NodeRedisCluster) {
    this.#cluster = cluster
  }

  /** Sends a command about the key. There is no clock: who comes later looks after who still waits. */
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
    // Without a key to go by, node-redis asks one node after the other. What is answered does not matter here.
    this.#cluster.sendCommand(undefined, false, ['GET', key]).catch(() => undefined)
  }
}
