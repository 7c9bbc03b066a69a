import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { type ClusterNode, RedisCluster } from '../support/redis-cluster.ts'
import { LIBRARIES, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

/** All keys are in one slot. This slot moves in one test, and its master fails in the others. */
const PREFIX = '{load}:'

const cluster = await RedisCluster.start()
t.teardown(async () => {
  await cluster.stop()
  // A client that was closed in the middle of a failover may still try to connect, and would keep the process alive.
  setTimeout(() => process.exit(), 5_000).unref()
})

/**
 * Starts the same load through each library.
 * @param healthy resolves when sessions can be stored
 */
async function startLoads(t: Test, healthy?: () => Promise<void>): Promise<SessionLoad[]> {
  const start = async (library: Library) => {
    const { client, close } = await connectAsDocumented({ kind: 'cluster', ports: cluster.ports }, library)
    t.teardown(close)
    await healthy?.()
    return SessionLoad.start(t, new RedisStore({ client, prefix: PREFIX }))
  }
  const loads = await Promise.all(LIBRARIES.map(start))
  await next(loads, 'acknowledged')
  return loads
}

const next = (loads: SessionLoad[], kind: 'acknowledged' | 'failed') =>
  Promise.all(loads.map((load) => load.next(kind)))

/** Waits until a replica has all writes that were acknowledged so far. */
async function makeDurable(loads: SessionLoad[], master: ClusterNode): Promise<void> {
  for (const load of loads) await load.makeDurable(() => cluster.isReplicated(master, `${PREFIX}fence`))
}

t.test('no write is lost while a slot moves from one master to another, key by key', async (t) => {
  const began = performance.now()
  const loads = await startLoads(t)
  for (let move = 0; move < 3; move++) {
    await cluster.moveSlotOf(PREFIX)
    await next(loads, 'acknowledged')
  }
  for (const load of loads) await load.holds(t, began)
})

t.test('while a master and its replica hang, requests get 503, and afterwards sessions work again', async (t) => {
  const loads = await startLoads(t)
  const shard = await cluster.shardOf(PREFIX)
  await makeDurable(loads, shard[0]!)
  for (const { server } of shard) server.pause()
  await next(loads, 'failed')
  for (const { server } of shard) server.resume()
  await cluster.healthy()
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})

t.test('after a master is killed, requests get 503 until its replica takes over with the sessions', async (t) => {
  const loads = await startLoads(t)
  const { server } = await gone(loads, (master) => master.server.kill())
  await comesBack(t, loads, () => server.restart())
})

t.test('clients that start while the cluster is down work as soon as a replica has taken over', async (t) => {
  const { server } = await cluster.masterOf(PREFIX)
  await server.kill()
  await cluster.down()
  const loads = await startLoads(t, () => cluster.healthy())
  await comesBack(t, loads, () => server.restart())
})

t.test('while a master hangs, requests get 503 until its replica takes over with the sessions', async (t) => {
  const loads = await startLoads(t)
  const { server } = await gone(loads, (master) => master.server.pause())
  await comesBack(t, loads, () => server.resume())
})

/** Stops the master of the load's slot, and waits until each load has seen a failure. */
async function gone(loads: SessionLoad[], go: (master: ClusterNode) => unknown): Promise<ClusterNode> {
  const master = await cluster.masterOf(PREFIX)
  await makeDurable(loads, master)
  await go(master)
  await next(loads, 'failed')
  return master
}

/** Waits until each load works again. Then brings the old master back, which must not change anything. */
async function comesBack(t: Test, loads: SessionLoad[], back: () => unknown): Promise<void> {
  await next(loads, 'acknowledged')
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  await back()
  await cluster.healthy()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
}
