import { once } from 'node:events'
import { Cluster } from 'ioredis'
import t from 'tap'
import { RedisCluster } from '../support/redis-cluster.ts'
import { nodes } from '../support/redis-topologies.ts'
import { redisStage } from '../support/user-stages.ts'
import { ENDING_TRIPLES, USER_PAIRS, UserWalk, walked } from '../support/user-walk.ts'

const cluster = await RedisCluster.start()
const clients: Cluster[] = []
const connect = () => {
  const client = new Cluster(nodes(cluster.ports))
  client.on('error', () => undefined)
  clients.push(client)
  return client
}
const admin = connect()
await once(admin, 'ready')
t.teardown(async () => {
  for (const client of clients) client.disconnect()
  await cluster.stop()
})

// Without the random part, a pause between two attempts is as short as it can be.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

t.test('on a Cluster, two requests of a user keep all promises in every order of their commands', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  const orders = await walk.hold(t, USER_PAIRS)
  t.comment(`${orders} orders`)
})

t.test('on a Cluster, two requests keep all promises, also if one dies after any of its commands', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  const orders = await walk.hold(
    t,
    walked(USER_PAIRS, (index) => index % 18 === 1),
    true
  )
  t.comment(`${orders} orders`)
})

t.test('on a Cluster, three requests keep all promises, one of them endAll()', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  const orders = await walk.hold(
    t,
    walked(ENDING_TRIPLES, (index) => index % 27 === 5)
  )
  t.comment(`${orders} orders`)
})
