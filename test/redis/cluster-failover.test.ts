import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { connectTo, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

/** Keys of one slot: the one that moves, and that of the master that dies. */
const PREFIX = '{load}:'

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

/** The same load through either library. */
async function startLoads(t: Test): Promise<SessionLoad[]> {
  const start = async (library: Library) => {
    const { client, close } = await connectTo({ kind: 'cluster', ports: cluster.ports }, library)
    t.teardown(close)
    return SessionLoad.start(t, new RedisStore({ client, prefix: PREFIX }))
  }
  const loads = await Promise.all([start('ioredis'), start('node-redis')])
  await Promise.all(loads.map((load) => load.next('acknowledged')))
  return loads
}

t.test('a slot that moves from one master to another, key by key: nothing is lost', async (t) => {
  const began = performance.now()
  const loads = await startLoads(t)
  for (let move = 0; move < 3; move++) {
    await cluster.moveSlotOf(PREFIX)
    await Promise.all(loads.map((load) => load.next('acknowledged')))
  }
  for (const load of loads) await load.holds(t, began)
})

t.test('a master and its replica that hang: 503, and they go on when the two do', async (t) => {
  const loads = await startLoads(t)
  const shard = await cluster.shardOf(PREFIX)
  for (const load of loads) await load.makeDurable(() => cluster.isReplicated(shard[0]!, `${PREFIX}fence`))
  for (const { server } of shard) server.pause()
  await Promise.all(loads.map((load) => load.next('failed')))
  for (const { server } of shard) server.resume()
  await cluster.healthy()
  const wellSince = performance.now()
  await Promise.all(loads.map((load) => load.next('acknowledged')))
  for (const load of loads) await load.holds(t, wellSince)
})

t.test('a master that is killed: 503, until its replica has taken over, and what that had is kept', async (t) => {
  const loads = await startLoads(t)
  const [ioredis, nodeRedis] = loads as [SessionLoad, SessionLoad]
  const master = await cluster.masterOf(PREFIX)
  for (const load of loads) await load.makeDurable(() => cluster.isReplicated(master, `${PREFIX}fence`))
  await master.server.kill()
  await Promise.all(loads.map((load) => load.next('failed')))
  await cluster.healthy()
  await ioredis.next('acknowledged')
  // node-redis asks where a slot has gone only when a node tells it that it is not here: the dead one has to come back.
  await master.server.restart()
  await cluster.healthy()
  const wellSince = performance.now()
  await nodeRedis.next('acknowledged')
  await ioredis.next('acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})
