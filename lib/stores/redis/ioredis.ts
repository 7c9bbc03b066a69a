import type { IoredisClient } from '../../../types/clients/redis.ts'
import { type Count, MOVE_LUA, REPLACE_LUA, type RedisCommands, replaceArguments } from './commands.ts'
import { USER_SCRIPTS } from './user-scripts.ts'

type Replace = RedisCommands['replace']

const REPLACE = 'starsessionsReplace'
const MOVE = 'starsessionsMove'
const CLIENT_ENDED =
  'the Redis client has ended: it was closed before the server was, or gave up by its retryStrategy or failoverDetector'

export const IOREDIS_METHODS = ['getBuffer', 'getexBuffer', 'set', 'del', 'pexpire', 'defineCommand'] as const

/** Not with `callBuffer()`, because that bypasses the autopipelining of ioredis. */
export function ioredisCommands(client: IoredisClient): RedisCommands {
  client.defineCommand(REPLACE, { lua: REPLACE_LUA, numberOfKeys: 1 })
  client.defineCommand(MOVE, { lua: MOVE_LUA, numberOfKeys: 2 })
  for (const { name, lua } of USER_SCRIPTS) client.defineCommand(name, { lua, numberOfKeys: 1 })
  const scripted = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  return {
    get: (key) => client.getBuffer(key),
    getex: (key, milliseconds) => client.getexBuffer(key, 'PX', milliseconds),
    set: (key, data, milliseconds) => client.set(key, data, 'PX', milliseconds),
    del: (key): Promise<Count> => client.del(key),
    pexpire: (key, milliseconds): Promise<Count> => client.pexpire(key, milliseconds),
    replace: (key, expected, px, data) =>
      scripted[`${REPLACE}Buffer`]!(key, ...replaceArguments(expected, px, data)) as ReturnType<Replace>,
    move: client.isCluster
      ? undefined
      : (key, newKey, { expected, tombstone, px: tombstonePx }, data, px) =>
          scripted[`${MOVE}Buffer`]!(key, newKey, expected, tombstone, tombstonePx, data, px) as ReturnType<Replace>,
    run: ({ name }, key, args) => scripted[`${name}Buffer`]!(key, ...args),
    closed: () => (client.status === 'end' ? CLIENT_ENDED : undefined)
  }
}
