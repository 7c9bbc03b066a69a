import { once } from 'node:events'
import { Redis } from 'ioredis'
import * as redis from 'redis'
import * as redis6 from 'redis-6'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisClient } from '../../types/clients/redis.ts'
import { testApp } from '../support/app.ts'
import { PAGES } from '../support/pages.ts'
import { calls } from '../support/redis-calls.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { casesByUser } from '../support/store-conformance.ts'

const server = await startRedis()
t.teardown(() => server.stop())

const PREFIX = 'starsessions.'
const LOGIN = { username: 'sessions', password: 'a-long-secret' }

/** The ACL lines on the pages: one for a single server, and one for a cluster. */
const LINES = new Set(PAGES.flatMap(({ text }) => text.match(/^redis-cli ACL SETUSER .*/gm) ?? []))
if (LINES.size !== 2) throw new Error(`the pages have ${LINES.size} ACL lines instead of 2`)
const [single, cluster] = [...LINES].map(
  (line) =>
    line.replace('redis-cli ', '').replaceAll("'", '').replaceAll('shop:session:', PREFIX).split(' ') as [string]
) as [[string], [string]]

/** Creates the user of an ACL line on the server. Returns a connection with all permissions. */
async function withUser(t: Test, { port }: RedisServer, line: [string]): Promise<Redis> {
  const admin = new Redis(port)
  t.teardown(() => admin.disconnect())
  await admin.call('ACL', 'DELUSER', LOGIN.username)
  await admin.call(...line)
  await admin.call('ACL', 'LOG', 'RESET')
  await admin.config('RESETSTAT')
  return admin
}

async function sessionsLive(t: Test, admin: Redis, client: RedisClient): Promise<void> {
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
}

t.test('the lists of each user work for that user, and endings are told', async (t) => {
  const admin = await withUser(t, server, single)
  const client = new Redis(server.port, { ...LOGIN, enableReadyCheck: false })
  const subscriber = client.duplicate()
  t.teardown(() => {
    client.disconnect()
    subscriber.disconnect()
  })
  const store = new RedisStore({ client, subscriber })
  for (const { title, run } of await casesByUser(store)) await t.test(title, run)
  t.same(await admin.call('ACL', 'LOG'), [], 'nothing was denied')
})

for (const [name, connect] of Object.entries(CLIENTS)) {
  t.test(`${name}: sessions work for a user who may use only the key prefix and the listed commands`, async (t) => {
    const admin = await withUser(t, server, single)
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    await sessionsLive(t, admin, client)
    t.match(await calls(admin), { get: Number, getex: Number, set: Number, del: Number, evalsha: Number, eval: Number })
    t.equal((await calls(admin)).pexpire, undefined)
    const { send } = await testApp(t, { store: new RedisStore({ client }), lifetime: 60, rolling: true })
    const saved = await send(undefined, (session) => {
      session.n = 1
      return session.save()
    })
    t.same(
      [saved.status, (await calls(admin)).pexpire],
      [200, 1],
      'the response prolongs a session that save() has stored'
    )
  })

  t.test(`${name}: Redis refuses keys with another prefix to that user`, async (t) => {
    const admin = await withUser(t, server, single)
    const { client, close } = await connect(server.port, LOGIN)
    t.teardown(close)
    const store = new RedisStore({ client, prefix: 'other:' })
    await t.rejects(async () => store.read('id', 60), { message: /^NOPERM/ })
    await t.rejects(async () => store.read('id', 60, 60), { message: /^NOPERM/ })
    await t.rejects(async () => store.write('id', Buffer.from('a'), 60, 60), { message: /^NOPERM/ })
    await t.rejects(async () => store.replace('id', Buffer.from('a'), Buffer.from('b'), 60, 60), {
      message: /NOPERM|No permissions/
    })
    t.equal(await admin.dbsize(), await admin.keys(`${PREFIX}*`).then(({ length }) => length))
  })
}

t.test('the pingInterval of node-redis, which the documented settings have, needs no further permission', async (t) => {
  for (const { createClient } of [redis, redis6 as unknown as typeof redis]) {
    for (const line of [single, cluster]) {
      await withUser(t, server, line)
      const client = createClient({ ...LOGIN, pingInterval: 10, socket: { host: '127.0.0.1', port: server.port } })
      await client.connect()
      t.teardown(() => client.destroy())
      // `once` rejects if the client emits an error.
      await once(client, 'ping-interval')
    }
  }
})

/** Uses a store on a cluster, and moves the slot of its session to another node in between. */
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
  t.same(await store.read(id, 60), Buffer.from('b'), 'the client followed an ASK redirection')
  t.same(await store.replace(id, Buffer.from('b'), Buffer.from('a'), 60, 60), { replaced: true })
  t.equal(await store.remove(id), true)
  for (const node of [target, source]) await node.admin.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
}

t.test('on a cluster the clients need three more commands', async (t) => {
  const redisCluster = await RedisCluster.start()
  const { nodes, ports } = redisCluster
  t.teardown(() => redisCluster.stop())
  for (const { admin } of nodes) await admin.call(...cluster)
  const rootNodes = ports.map((port) => ({ host: '127.0.0.1', port }))
  await t.test('ioredis', async (t) => {
    const client = new Redis.Cluster(rootNodes, { redisOptions: LOGIN })
    t.teardown(() => client.disconnect())
    await duringAMove(t, redisCluster, new RedisStore({ client, hashIds: false }))
  })
  await t.test('node-redis', async (t) => {
    const client = redis.createCluster({ rootNodes: rootNodes.map((socket) => ({ socket })), defaults: LOGIN })
    client.on('error', () => undefined)
    await client.connect()
    t.teardown(() => client.destroy())
    await duringAMove(t, redisCluster, new RedisStore({ client, hashIds: false }))
  })
})
