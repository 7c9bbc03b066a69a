import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import t, { type Test } from 'tap'
import { nodeRedisCommands } from '../../../lib/stores/redis/node-redis.ts'
import { startRedis } from '../../support/redis-server.ts'

const server = await startRedis()
t.teardown(() => server.stop())

const socket = { host: '127.0.0.1', port: server.port }
const bytes = (text: string) => Buffer.from(text, 'latin1')

async function connect(t: Test, options: Parameters<typeof createClient>[0] = {}) {
  const client = createClient({ socket, ...options })
  client.on('error', () => undefined)
  await client.connect()
  t.teardown(() => client.isOpen && client.destroy())
  await client.sendCommand(['FLUSHALL'])
  return { client, commands: nodeRedisCommands(client) }
}

/** Sends each command once, with one key. */
async function exercise(t: Test, commands: ReturnType<typeof nodeRedisCommands>) {
  t.equal(await commands.get('key'), null)
  await commands.set('key', bytes('\xff\0a'), 5_000)
  t.same(await commands.get('key'), bytes('\xff\0a'))
  t.same(await commands.getex('key', 6_000), bytes('\xff\0a'))
  t.equal(await commands.pexpire('key', 7_000), 1)
  t.same(await commands.replace('key', bytes('other'), 8_000, bytes('\xfe')), [0, bytes('\xff\0a')])
  t.same(await commands.replace('key', bytes('\xff\0a'), 8_000, bytes('\xfe')), [1])
  t.same(await commands.get('key'), bytes('\xfe'))
  t.same(await commands.replace('key', null, 8_000, bytes('a')), [0, bytes('\xfe')])
  t.equal(await commands.del('key'), 1)
  t.equal(await commands.del('key'), 0)
  t.same(await commands.replace('key', null, 8_000, bytes('\xff')), [1])
  t.same(await commands.get('key'), bytes('\xff'))
  const old = { expected: bytes('\xff'), tombstone: bytes('\xfe'), px: 9_000 }
  t.same(await commands.move?.('key', 'new-key', { ...old, expected: bytes('a') }, bytes('\0'), 8_000), [
    0,
    bytes('\xff')
  ])
  t.equal(await commands.get('new-key'), null)
  t.same(await commands.move?.('key', 'new-key', old, bytes('\0\xfd'), 8_000), [1])
  t.same(await commands.get('key'), bytes('\xfe'))
  t.same(await commands.get('new-key'), bytes('\0\xfd'))
  await commands.del('key')
  await commands.del('new-key')
}

t.test('each command works with both protocols and returns bytes', async (t) => {
  for (const RESP of [2, 3] as const) await exercise(t, (await connect(t, { RESP })).commands)
})

t.test('a type mapping of the client makes no difference, and stays in place for its own commands', async (t) => {
  const { client, commands } = await connect(t, { commandOptions: { typeMapping: { 58: String }, timeout: 5_000 } })
  await exercise(t, commands)
  await client.set('own', 'text')
  t.equal(await client.get('own'), 'text')
  t.equal(await client.del('own'), '1')
})

t.test('each command works with a pool and returns bytes', async (t) => {
  const pool = createClientPool({ socket })
  await pool.connect()
  t.teardown(() => pool.destroy())
  await exercise(t, nodeRedisCommands(pool))
})

t.test('the script is sent if Redis does not know it, or has forgotten it', async (t) => {
  const { client, commands } = await connect(t)
  await client.sendCommand(['SCRIPT', 'FLUSH'])
  await commands.set('key', bytes('a'), 5_000)
  const sent: string[] = []
  t.intercept(client, 'sendCommand', {
    value: (args: string[], options: object) => {
      sent.push(String(args[0]))
      return Object.getPrototypeOf(client).sendCommand.call(client, args, options)
    }
  })
  t.same(await commands.replace('key', bytes('a'), 5_000, bytes('b')), [1])
  t.same(await commands.replace('key', bytes('b'), 'DEL', ''), [1])
  t.same(sent, ['EVALSHA', 'EVAL', 'EVALSHA'])
  await client.sendCommand(['RPUSH', 'key', 'a list'])
  await t.rejects(commands.replace('key', bytes('a'), 5_000, bytes('b')), { message: /WRONGTYPE/ })
})

t.test('commands go to the master, and only a cluster gets the key of a command as well', async (t) => {
  const calls: unknown[][] = []
  const shape = {
    isOpen: true,
    connect: async () => undefined,
    withTypeMapping: () => undefined,
    sendCommand: async (...args: unknown[]) => void calls.push(args.slice(0, -1))
  }
  await nodeRedisCommands({ ...shape, getSlotRandomNode: () => undefined }).get('key')
  await nodeRedisCommands({ ...shape, getSentinelNode: () => undefined }).get('key')
  await nodeRedisCommands(shape).get('key')
  t.same(calls, [['key', false, ['GET', 'key']], [false, ['GET', 'key']], [['GET', 'key']]])
})

t.test('while a command has had no answer for ten seconds, only other connections send more', async (t) => {
  let now = 1_000
  t.intercept(performance, 'now', { value: () => now })
  const shape = { isOpen: true, connect: async () => undefined, withTypeMapping: () => undefined }
  const kinds: [string, object, sent: number][] = [
    ['a client', {}, 1],
    ['a sentinel', { getSentinelNode: () => undefined }, 1],
    ['a pool', { totalClients: 2 }, 2],
    ['a cluster', { getSlotRandomNode: () => undefined, masters: [] }, 2]
  ]
  for (const [kind, members, expected] of kinds) {
    const keys: unknown[] = []
    const commands = nodeRedisCommands({
      ...shape,
      ...members,
      // The question of LostMaster has no key.
      sendCommand: (first: unknown) => {
        if (first !== undefined) keys.push(first)
        return new Promise(() => undefined)
      }
    } as unknown as Parameters<typeof nodeRedisCommands>[0])
    commands.get('a')
    now += 10_001
    commands.get('b').catch((error: Error) => t.match(error.message, /^Redis has not answered for 10 s/, kind))
    await new Promise(setImmediate)
    t.equal(keys.length, expected, kind)
  }
})

t.test('a client that is not connected fails at once and counts as closed', async (t) => {
  const { client, commands } = await connect(t)
  t.equal(commands.closed(), undefined)
  await client.close()
  const closed = 'the Redis client is not open: it was closed before the server was, or never connected'
  const unconnected = [
    client,
    createClient({ socket }),
    createClientPool({ socket }),
    createCluster({ rootNodes: [{ socket }] }),
    createSentinel({ name: 'mymaster', sentinelRootNodes: [socket] })
  ]
  for (const one of unconnected) {
    const commands = nodeRedisCommands(one)
    await t.rejects(commands.get('key'), { message: closed })
    await t.rejects(commands.replace('key', bytes('a'), 5_000, bytes('b')), { message: closed })
    t.equal(commands.closed(), closed)
  }
})
