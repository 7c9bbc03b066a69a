import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { createCluster } from 'redis'
import t, { type Test } from 'tap'
import { RedisStore } from '../lib/stores/redis.ts'
import { testApp } from './support/app.ts'
import { CLIENTS } from './support/redis-clients.ts'
import { RedisCluster } from './support/redis-cluster.ts'
import { startRedis } from './support/redis-server.ts'

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

/** The two lines of the README. */
const [single = '', cluster = ''] = readFileSync('README.md', 'utf8').match(/^redis-cli ACL SETUSER .*/gm) ?? []
const argumentsOf = (line: string) =>
  line.replace('redis-cli ', '').replaceAll("'", '').replaceAll('shop:session:', PREFIX).split(' ') as [string]
const PREFIX = 'starsessions.'
const LOGIN = { username: 'sessions', password: 'a-long-secret' }

await admin.call(...argumentsOf(single))

for (const [name, connect] of Object.entries(CLIENTS)) {
  t.test(`a user restricted to the prefix and the commands is enough, through ${name}`, async (t) => {
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]) {
      await admin.script('FLUSH')
      const { send } = await testApp(t, { store: new RedisStore({ client }), ...options })
      const { cookie } = await send(undefined, (session) => void (session.n = 1))
      t.equal((await send(cookie, (session) => void session.n++)).status, 200)
      const rotated = await send(cookie, (session) => session.regenerateId())
      t.same((await send(rotated.cookie, (session) => session.data())).body, { n: 2 })
      t.equal((await send(rotated.cookie, (session) => session.destroy())).status, 200)
      t.same((await send(rotated.cookie, (session) => session.data())).body, {})
    }
  })

  t.test(`it may nothing else: another prefix is refused, through ${name}`, async (t) => {
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    const store = new RedisStore({ client, prefix: 'other:' })
    await t.rejects(store.read('id', 60), { message: /NOPERM/ })
    await t.rejects(store.write('id', Buffer.from('a'), 60, 60), { message: /NOPERM/ })
    await t.rejects(store.replace('id', Buffer.from('a'), Buffer.from('b'), 60, 60), {
      message: /NOPERM|No permissions/
    })
    t.equal(await admin.dbsize(), await admin.keys('starsessions.*').then(({ length }) => length))
  })
}

/** Commands of a cluster's clients, also while a slot is on its way to another node. */
async function duringAMove(t: Test, redisCluster: RedisCluster, store: RedisStore): Promise<void> {
  const [id, key] = ['0'.repeat(43), `${PREFIX}${'0'.repeat(43)}`]
  await store.write(id, Buffer.from('a'), 60, 60)
  t.same(await store.read(id, 60, 60), Buffer.from('a'))
  t.same(await store.replace(id, Buffer.from('a'), Buffer.from('b'), 60, 60), { replaced: true })
  const slot = await redisCluster.slotOf(key)
  const source = await redisCluster.masterOf(key)
  const masters = await Promise.all([...'abcdefgh'].map((other) => redisCluster.masterOf(other)))
  const target = masters.find((node) => node !== source)!
  await target.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id)
  await source.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id)
  await source.admin.call('MIGRATE', '127.0.0.1', target.server.port, '', 0, 5_000, 'KEYS', key)
  t.same(await store.read(id, 60), Buffer.from('b'), 'over ASK')
  t.same(await store.replace(id, Buffer.from('b'), Buffer.from('a'), 60, 60), { replaced: true })
  t.equal(await store.remove(id), true)
  for (const node of [target, source]) await node.admin.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
}

t.test('on a cluster the clients need three commands more', async (t) => {
  const redisCluster = await RedisCluster.start()
  const { nodes, ports } = redisCluster
  t.teardown(() => redisCluster.stop())
  for (const { admin } of nodes) await admin.call(...argumentsOf(cluster))
  const rootNodes = ports.map((port) => ({ host: '127.0.0.1', port }))
  await t.test('ioredis', async (t) => {
    const client = new Redis.Cluster(rootNodes, { redisOptions: LOGIN })
    t.teardown(() => client.disconnect())
    await duringAMove(t, redisCluster, new RedisStore({ client, hashIds: false }))
  })
  await t.test('node-redis', async (t) => {
    const client = createCluster({ rootNodes: rootNodes.map((socket) => ({ socket })), defaults: LOGIN })
    client.on('error', () => undefined)
    await client.connect()
    t.teardown(() => client.destroy())
    await duringAMove(t, redisCluster, new RedisStore({ client, hashIds: false }))
  })
})
