import type { IoredisClient, NodeRedisClient } from '../../../types/clients/redis.ts'
import { offersMethods } from '../../checks/offers-methods.ts'
import { SessionOptionsError } from '../../errors.ts'
import type { RedisCommands } from './commands.ts'
import { IOREDIS_METHODS, ioredisCommands } from './ioredis.ts'
import { nodeRedisCommands } from './node-redis.ts'

const SUPPORTED =
  'new Redis(url) or new Redis.Cluster(nodes) of ioredis (5 or 6) or iovalkey; createClient(), createClientPool(), createCluster() or createSentinel() of node-redis ("redis" 5 or later)'

const NODE_REDIS_METHODS = ['sendCommand', 'withTypeMapping', 'connect'] as const

/**
 * Finds out what kind of client was passed, and returns its commands.
 * @throws `FST_SESSION_OPTIONS`. Its message names the client that was passed, if it is known, and the supported
 *   clients
 */
export function recognise(client: unknown): RedisCommands {
  if (offersMethods(client, IOREDIS_METHODS)) return ioredisCommands(client as IoredisClient)
  if (offersMethods(client, NODE_REDIS_METHODS)) {
    // All clients of node-redis 6 have `_keyPrefix`. The public `options` exist only on the client of createClient().
    const { _keyPrefix: keyPrefix } = client as { _keyPrefix?: string | Buffer }
    if (!keyPrefix) return nodeRedisCommands(client as NodeRedisClient)
    throw new SessionOptionsError('RedisStore: client has a keyPrefix of its own: set the option "prefix" instead')
  }
  throw new SessionOptionsError(`RedisStore: client is ${describeClient(client)}. Supported are ${SUPPORTED}`)
}

function describeClient(client: unknown): string {
  if (client === undefined || client === null) return `${client}: make a client and pass it`
  if (typeof client === 'string' || client instanceof URL) return 'a URL: make a client with it and pass the client'
  if (typeof client === 'function') return 'a class or a function: pass the client that it makes'
  if (offersMethods(client, ['then'])) return 'a promise: await it'
  if (offersMethods(client, ['internal_send_command'])) return 'of node-redis 3 or older: install redis 5 or later'
  if (offersMethods(client, ['sendCommand', 'connect'])) return 'of node-redis 4: install redis 5 or later'
  if (offersMethods(client, ['sendCommand'])) return "node-redis' legacy(): pass the client that it was called on"
  if (offersMethods(client, ['defineCommand'])) return 'without getexBuffer(): install ioredis 5 or later'
  return 'of an unknown kind'
}
