import { hash } from 'node:crypto'
import type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from '../../../types/clients/redis.ts'
import { type Count, MOVE_LUA, REPLACE_LUA, type RedisCommands, replaceArguments } from './commands.ts'
import { LostMaster } from './lost-master.ts'
import { Stalled } from './stalled.ts'
import { USER_SCRIPTS } from './user-scripts.ts'

type Argument = string | Buffer
type Send = (key: string, args: Argument[]) => Promise<unknown>

const CLIENT_NOT_OPEN = 'the Redis client is not open: it was closed before the server was, or never connected'

/** A script, and the hash by which Redis knows it. */
interface Hashed {
  readonly lua: string
  readonly sha: string
}

const withHash = (lua: string): Hashed => ({ lua, sha: hash('sha1', lua, 'hex') })

const HASHED_REPLACE = withHash(REPLACE_LUA)
const HASHED_MOVE = withHash(MOVE_LUA)
const SCRIPTS = new Map(USER_SCRIPTS.map(({ lua }) => [lua, withHash(lua)]))
const hashed = (lua: string): Hashed => SCRIPTS.get(lua)!

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
  const send = <T>(key: string, args: Argument[]): Promise<T> =>
    // If a closed cluster or sentinel client got the command, it would fail with another message, or try forever.
    client.isOpen ? (sendOpen(key, args) as Promise<T>) : Promise.reject(new Error(CLIENT_NOT_OPEN))
  /** @param keys one key, or several, which are all on the node of the first */
  const run = <T>(
    { lua, sha }: Hashed,
    keys: readonly [string, ...string[]],
    args: readonly Argument[]
  ): Promise<T> => {
    const rest = [String(keys.length), ...keys, ...args]
    return send<T>(keys[0], ['EVALSHA', sha, ...rest]).catch((error) => {
      if (!isUnknownScript(error)) throw error
      return send<T>(keys[0], ['EVAL', lua, ...rest])
    })
  }
  return {
    get: (key) => send(key, ['GET', key]),
    getex: (key, milliseconds) => send(key, ['GETEX', key, 'PX', String(milliseconds)]),
    set: (key, data, milliseconds) => send(key, ['SET', key, data, 'PX', String(milliseconds)]),
    del: (key) => send<Count>(key, ['DEL', key]),
    pexpire: (key, milliseconds) => send<Count>(key, ['PEXPIRE', key, String(milliseconds)]),
    replace: (key, expected, px, data) => run(HASHED_REPLACE, [key], replaceArguments(expected, String(px), data)),
    move:
      'getSlotRandomNode' in client
        ? undefined
        : (key, newKey, { expected, tombstone, px: tombstonePx }, data, px) =>
            run(HASHED_MOVE, [key, newKey], [expected, tombstone, String(tombstonePx), data, String(px)]),
    run: ({ lua }, key, args) => run(hashed(lua), [key], args),
    closed
  }
}

const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')
