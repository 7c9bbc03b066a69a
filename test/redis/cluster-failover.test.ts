import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { type ClusterNode, RedisCluster } from '../support/redis-cluster.ts'
import { LIBRARIES, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

/** Keys of one slot: the one that moves, and that of the master that dies. */
const PREFIX = '{load}:'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

/**
 * The same load through each library.
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

/** A replica has what was acknowledged so far. */
async function makeDurable(loads: SessionLoad[], master: ClusterNode): Promise<void> {
  for (const load of loads) await load.makeDurable(() => cluster.isReplicated(master, `${PREFIX}fence`))
}

t.test('a slot that moves from one master to another, key by key: nothing is lost', async (t) => {
  const began = performance.now()
  const loads = await startLoads(t)
  for (let move = 0; move < 3; move++) {
    await cluster.moveSlotOf(PREFIX)
    await next(loads, 'acknowledged')
  }
  for (const load of loads) await load.holds(t, began)
})

t.test('a master and its replica that hang: 503, and they go on when the two do', async (t) => {
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

t.test('a master that is killed: 503, until its replica has taken over, and what that had is kept', async (t) => {
  const loads = await startLoads(t)
  const { server } = await gone(loads, (master) => master.server.kill())
  await comesBack(t, loads, () => server.restart())
})

t.test('clients that start while the cluster is down: they work when a replica has taken over', async (t) => {
  const { server } = await cluster.masterOf(PREFIX)
  await server.kill()
  await cluster.down()
  const loads = await startLoads(t, () => cluster.healthy())
  await comesBack(t, loads, () => server.restart())
})

t.test('a master that hangs: 503, until its replica has taken over, and what that had is kept', async (t) => {
  const loads = await startLoads(t)
  const { server } = await gone(loads, (master) => master.server.pause())
  await comesBack(t, loads, () => server.resume())
})

/** The load's master goes, and stays away. */
async function gone(loads: SessionLoad[], go: (master: ClusterNode) => unknown): Promise<ClusterNode> {
  const master = await cluster.masterOf(PREFIX)
  await makeDurable(loads, master)
  await go(master)
  await next(loads, 'failed')
  return master
}

/** Everybody has recovered before the old master is back, which changes nothing then. */
async function comesBack(t: Test, loads: SessionLoad[], back: () => unknown): Promise<void> {
  await next(loads, 'acknowledged')
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  await back()
  await cluster.healthy()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
}
