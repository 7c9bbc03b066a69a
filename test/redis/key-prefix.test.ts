import { Cluster, Redis } from 'ioredis'
import * as valkey from 'iovalkey'
import t, { type Test } from 'tap'
import type { MaybePromise } from '../../lib/base/when.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { IoredisClient } from '../../types/clients/redis.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { MASTER_NAME, RedisSentinels } from '../support/redis-sentinel.ts'
import { startRedis } from '../support/redis-server.ts'

const IDS = [...'abcdefgh']
const a = Buffer.from('a')
const b = Buffer.from('b')

interface Options {
  keyPrefix: string
  enableAutoPipelining?: boolean
}

type Make = (options: Options) => IoredisClient & { disconnect(): void }

/** Checks that all commands, and the script, use the same keys. The connections in `admins` show the real names of the keys. */
async function prefixes(t: Test, make: Make, admins: readonly Redis[]): Promise<void> {
  for (const options of [
    { keyPrefix: 'app:' },
    { keyPrefix: '{app}:' },
    { keyPrefix: 'x:', enableAutoPipelining: true }
  ]) {
    const client = make(options)
    t.teardown(() => client.disconnect())
    const store = new RedisStore({ client, hashIds: false, prefix: 'session:' })
    const title = JSON.stringify(options)
    const keys = async () => (await Promise.all(admins.map((admin) => admin.keys('*')))).flat().sort()
    await Promise.all(IDS.map((id) => store.write(id, a, 60, 60)))
    t.same(
      await keys(),
      IDS.map((id) => `${options.keyPrefix}session:${id}`),
      title
    )
    const all = <T>(call: (id: string) => MaybePromise<T>) => Promise.all(IDS.map(call))
    const each = <T>(answer: T) => IDS.map(() => answer)
    t.same(await all((id) => store.read(id, 60, 60)), each(a), title)
    t.same(await all((id) => store.replace(id, a, b, 60, 60)), each({ replaced: true }), title)
    t.same(await all((id) => store.read(id, 60)), each(b), title)
    t.same(await all((id) => store.touch(id, 60, 60)), each(true), title)
    t.same((await keys()).length, IDS.length, title)
    t.same(await all((id) => store.remove(id)), each(true), title)
    t.same(await keys(), [], title)
  }
}

t.test('on one server, the keyPrefix of the client comes before the prefix of the store', async (t) => {
  const { port, stop } = await startRedis()
  const admin = new Redis(port)
  t.teardown(() => {
    admin.disconnect()
    return stop()
  })
  await prefixes(t, (options) => new Redis({ port, ...options }), [admin])
  await prefixes(t, (options) => new valkey.Redis({ port, ...options }), [admin])
})

t.test('on a Cluster, the keyPrefix of the client comes before the prefix of the store', async (t) => {
  const cluster = await RedisCluster.start()
  t.teardown(() => cluster.stop())
  const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }))
  const masters = cluster.nodes.slice(0, 3).map(({ admin }) => admin)
  await prefixes(t, (options) => new Cluster(nodes, options), masters)
  await prefixes(
    t,
    ({ keyPrefix, ...others }) => new Cluster(nodes, { ...others, redisOptions: { keyPrefix } }),
    masters
  )
  await prefixes(t, (options) => new valkey.Cluster(nodes, options), masters)
})

t.test('with Sentinel, the keyPrefix of the client comes before the prefix of the store', async (t) => {
  const set = await RedisSentinels.start()
  const admin = new Redis((await set.master()).port)
  t.teardown(() => {
    admin.disconnect()
    return set.stop()
  })
  const sentinels = set.ports.map((port) => ({ host: '127.0.0.1', port }))
  await prefixes(t, (options) => new Redis({ sentinels, name: MASTER_NAME, ...options }), [admin])
})
