import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { Redis as Valkey } from 'iovalkey'
import { createClient, createClientPool } from 'redis'
import * as redis6 from 'redis-6'
import type { RedisClient } from '../../types/clients/redis.ts'

/** The user of a client. */
export interface Login {
  username?: string
  password?: string
}

export interface Connection {
  readonly client: RedisClient
  close(): Promise<void> | void
}

/** Connects a client of one kind to the server on a port of 127.0.0.1. */
export type Connect = (port: number, login?: Login) => Promise<Connection>

const ignore = () => undefined

/** The client connects again soon after the server is back, and it does not keep commands for later. */
const PROMPT = { retryStrategy: () => 20, maxRetriesPerRequest: 1, maxLoadingRetryTime: 20 }

const ioredis: Connect = async (port, login = {}) => {
  const client = new Redis(port, { ...login, ...PROMPT })
  client.on('error', ignore)
  return { client, close: () => client.disconnect() }
}

const ioredis5: Connect = async (port, login = {}) => {
  const client = new Redis5(port, { ...login, ...PROMPT })
  client.on('error', ignore)
  return { client, close: () => client.disconnect() }
}

const iovalkey: Connect = async (port, login = {}) => {
  const client = new Valkey(port, { ...login, ...PROMPT })
  client.on('error', ignore)
  return { client, close: () => client.disconnect() }
}

const nodeRedis =
  (RESP: 2 | 3): Connect =>
  async (port, login = {}) => {
    const socket = { port, host: '127.0.0.1', reconnectStrategy: () => 20 }
    const client = createClient({ ...login, RESP, socket, disableOfflineQueue: true })
    client.on('error', ignore)
    await client.connect()
    return { client, close: () => client.destroy() }
  }

const nodeRedis6: Connect = async (port, login = {}) => {
  const socket = { port, host: '127.0.0.1', reconnectStrategy: () => 20 }
  const client = redis6.createClient({ ...login, socket, disableOfflineQueue: true })
  client.on('error', ignore)
  await client.connect()
  return { client, close: () => client.destroy() }
}

const pool: Connect = async (port, login = {}) => {
  const client = createClientPool({ ...login, socket: { port, host: '127.0.0.1' } }, { minimum: 2, maximum: 2 })
  client.on('error', ignore)
  await client.connect()
  return { client, close: () => client.destroy() }
}

/** Each kind of client for a single server. */
export const CLIENTS: Readonly<Record<string, Connect>> = {
  ioredis,
  'ioredis 5': ioredis5,
  iovalkey,
  'node-redis': nodeRedis(2),
  'node-redis with RESP3': nodeRedis(3),
  'node-redis 6': nodeRedis6,
  'a pool of node-redis': pool
}

/** One client of each family of libraries. */
export const FAMILIES = ['ioredis', 'node-redis'] as const
