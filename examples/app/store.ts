import Database from 'better-sqlite3'
import type { FastifyBaseLogger } from 'fastify'
import { RedisStore, type SessionStore } from 'fastify-starsessions'
import { SqliteStore } from 'fastify-starsessions/sqlite'
import { Redis } from 'ioredis'

export interface StoreOptions {
  /** With a URL, the sessions are in Redis, so several processes on several machines can share them. */
  redisUrl?: string | undefined
  /** Without a URL, the sessions are in this file. Without a file, they end with the process. */
  sessionsFile?: string
}

/** Opens the store of the sessions. `close()` ends its connections. */
export async function openStore(options: StoreOptions, log: FastifyBaseLogger) {
  const { redisUrl, sessionsFile = ':memory:' } = options
  return redisUrl === undefined ? inFile(sessionsFile) : inRedis(redisUrl, log)
}

function inFile(file: string) {
  const database = new Database(file)
  // docs/stores/sqlite.md explains these settings.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  const store: SessionStore = new SqliteStore({ database }).createTable()
  return { store, close: () => void database.close() }
}

async function inRedis(url: string, log: FastifyBaseLogger) {
  const client = await connect(url, log)
  // A second connection hears when a session ends. So a socket in another process closes at once, not 30 seconds later.
  const subscriber = client.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null })
  subscriber.on('error', (error) => log.error(error))
  const store: SessionStore = new RedisStore({ client, subscriber, prefix: 'app:session:' })
  return {
    store,
    close: () => {
      client.disconnect()
      subscriber.disconnect()
    }
  }
}

/** Returns a connected client. If Redis cannot be reached, this fails within seconds, and the error says why. */
async function connect(url: string, log: FastifyBaseLogger): Promise<Redis> {
  // docs/stores/redis.md explains these settings.
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (retries) => Math.min(retries * 50, 500),
    maxLoadingRetryTime: 500,
    connectTimeout: 2000,
    socketTimeout: 2000
  })
  let reason = ''
  client.on('error', (error) => {
    reason = error.message
    log.error(error)
  })
  try {
    await client.connect()
    return client
  } catch {
    client.disconnect()
    throw new Error(
      `Redis cannot be used (${reason}). Start it, correct REDIS_URL, or unset REDIS_URL to keep sessions in a file.`
    )
  }
}
