import { hash } from 'node:crypto'
import type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from '../../../types/clients/redis.ts'
import { type Count, REPLACE_LUA, type RedisCommands, replaceArguments } from './commands.ts'
import { LostMaster } from './lost-master.ts'
import { Stalled } from './stalled.ts'

type Argument = string | Buffer
type Send = (key: string, args: Argument[]) => Promise<unknown>

const CLIENT_NOT_OPEN = 'the Redis client is not open: it was closed before the server was, or never connected'
const REPLACE_SHA = hash('sha1', REPLACE_LUA, 'hex')

/** Bulk strings ("$" in RESP) are answered as bytes. */
const AS_BYTES = { typeMapping: { 36: Buffer } }

/**
 * Not with `withTypeMapping()`, because that changes the caller's own client if it is a sentinel client of node-redis
 * 5. `isReadonly` is `false`, because a replica may answer with older data than the visitor has just written.
 */
function sender(client: NodeRedisClient | NodeRedisCluster | NodeRedisSentinel): Send {
  if ('getSlotRandomNode' in client) return clusterSender(client)
  // A pool needs no `Stalled`: if one connection is stuck, the others still work.
  if ('totalClients' in client) return (_key, args) => client.sendCommand(args, AS_BYTES)
  const stalled = new Stalled()
  if ('getSentinelNode' in client) {
    return (_key, args) => stalled.watch(() => client.sendCommand(false, args, AS_BYTES))
  }
  return (_key, args) => stalled.watch(() => client.sendCommand(args, AS_BYTES))
}

function clusterSender(cluster: NodeRedisCluster): Send {
  const lostMaster = new LostMaster(cluster)
  return (key, args) => lostMaster.watch(key, () => cluster.sendCommand(key, false, args, AS_BYTES))
}

export function nodeRedisCommands(client: NodeRedisClient | NodeRedisCluster | NodeRedisSentinel): RedisCommands {
  const sendOpen = sender(client)
  const closed = () => (client.isOpen ? undefined : CLIENT_NOT_OPEN)
  const send = async <T>(key: string, args: Argument[]): Promise<T> => {
    // If a closed cluster or sentinel client got the command, it would fail with another message, or try forever.
    if (!client.isOpen) throw new Error(CLIENT_NOT_OPEN)
    return sendOpen(key, args) as Promise<T>
  }
  return {
    get: (key) => send(key, ['GET', key]),
    getex: (key, milliseconds) => send(key, ['GETEX', key, 'PX', String(milliseconds)]),
    set: (key, data, milliseconds) => send(key, ['SET', key, data, 'PX', String(milliseconds)]),
    del: (key) => send<Count>(key, ['DEL', key]),
    pexpire: (key, milliseconds) => send<Count>(key, ['PEXPIRE', key, String(milliseconds)]),
    async replace(key, expected, px, data) {
      const rest = ['1', key, ...replaceArguments(expected, String(px), data)]
      try {
        return await send(key, ['EVALSHA', REPLACE_SHA, ...rest])
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return send(key, ['EVAL', REPLACE_LUA, ...rest])
      }
    },
    closed
  }
}

const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')
