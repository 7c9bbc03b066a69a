import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import t, { type Test } from 'tap'
import { ioredisCommands } from '../../../lib/stores/redis/ioredis.ts'
import { startRedis } from '../../support/redis-server.ts'

const server = await startRedis()
t.teardown(() => server.stop())

const bytes = (text: string) => Buffer.from(text, 'latin1')

interface Options {
  stringNumbers?: boolean
  enableAutoPipelining?: boolean
  keyPrefix?: string
  showFriendlyErrorStack?: boolean
}

async function connect(t: Test, options: Options = {}) {
  const client = new Redis({ port: server.port, ...options })
  t.teardown(() => client.disconnect())
  await client.flushall()
  return { client, commands: ioredisCommands(client) }
}

/** Sends each command once, with one key. */
async function exercise(t: Test, commands: ReturnType<typeof ioredisCommands>) {
  t.equal(await commands.get('key'), null)
  await commands.set('key', bytes('\xff\0a'), 5_000)
  t.same(await commands.get('key'), bytes('\xff\0a'))
  t.same(await commands.getex('key', 6_000), bytes('\xff\0a'))
  t.equal(Number(await commands.pexpire('key', 7_000)), 1)
  const [refused, current] = await commands.replace('key', bytes('other'), 8_000, bytes('\xfe'))
  t.equal(Number(refused), 0)
  t.same(current, bytes('\xff\0a'))
  const [done] = await commands.replace('key', bytes('\xff\0a'), 8_000, bytes('\xfe'))
  t.equal(Number(done), 1)
  t.same(await commands.get('key'), bytes('\xfe'))
  const [exists, there] = await commands.replace('key', null, 8_000, bytes('a'))
  t.equal(Number(exists), 0)
  t.same(there, bytes('\xfe'))
  t.equal(Number(await commands.del('key')), 1)
  t.equal(Number(await commands.del('key')), 0)
  const [created] = await commands.replace('key', null, 8_000, bytes('\xff'))
  t.equal(Number(created), 1)
  t.same(await commands.get('key'), bytes('\xff'))
  const old = { expected: bytes('\xff'), tombstone: bytes('\xfe'), px: 9_000 }
  const wrong = await commands.move!('key', 'new-key', { ...old, expected: bytes('a') }, bytes('\0'), 8_000)
  t.same([Number(wrong[0]), wrong[1]], [0, bytes('\xff')])
  t.equal(await commands.get('new-key'), null)
  const [moved] = await commands.move!('key', 'new-key', old, bytes('\0\xfd'), 8_000)
  t.equal(Number(moved), 1)
  t.same(await commands.get('key'), bytes('\xfe'))
  t.same(await commands.get('new-key'), bytes('\0\xfd'))
  await commands.del('key')
  await commands.del('new-key')
}

t.test('a client of a cluster has no move, because the two keys are on different nodes', async (t) => {
  const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }], { lazyConnect: true })
  t.teardown(() => cluster.disconnect())
  t.equal(ioredisCommands(cluster).move, undefined)
})

t.test('each command works with ioredis and returns bytes', async (t) => {
  await exercise(t, (await connect(t)).commands)
})

t.test('options of the client that change commands or answers make no difference', async (t) => {
  const each: Options[] = [
    { stringNumbers: true },
    { enableAutoPipelining: true },
    { keyPrefix: 'app:' },
    { showFriendlyErrorStack: true }
  ]
  for (const options of each) {
    await t.test(JSON.stringify(options), async (t) => {
      const { commands } = await connect(t, options)
      await exercise(t, commands)
      await commands.set('key', bytes('a'), 5_000)
      const key = options.keyPrefix === undefined ? 'key' : 'app:key'
      const other = new Redis(server.port)
      t.teardown(() => other.disconnect())
      t.equal(await other.get(key), 'a')
    })
  }
})

t.test('each command works with iovalkey and returns bytes', async (t) => {
  const client = new Valkey(server.port)
  t.teardown(() => client.disconnect())
  await client.flushall()
  await exercise(t, ioredisCommands(client))
})

t.test('two stores can share a client', async (t) => {
  const { client, commands } = await connect(t)
  await exercise(t, ioredisCommands(client))
  await exercise(t, commands)
})

t.test('a client counts as closed if it will not connect again, but not while it reconnects', async (t) => {
  const { client, commands } = await connect(t)
  t.equal(commands.closed(), undefined)
  client.disconnect(true)
  t.equal(commands.closed(), undefined)
  await client.ping()
  await client.quit()
  await t.rejects(commands.get('key'))
  t.match(
    commands.closed(),
    /^the Redis client has ended: it was closed before the server was, or gave up by its retryStrategy or failoverDetector$/
  )
})
