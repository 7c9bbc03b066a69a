import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { startBrokenProxy } from '../support/broken-proxy.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { LIBRARIES, type Library } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'
import { waitUntil } from '../support/wait-until.ts'

const HOUR = 3600

t.test('after a master is killed, requests get 503 until a replica takes over with the sessions', async (t) => {
  const sentinels = await start(t)
  const { loads } = await failover(t, sentinels, (master) => master.kill())
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})

t.test('a client that loses its master before the sentinels do asks them again', async (t) => {
  const sentinels = await start(t)
  const master = await sentinels.master()
  const proxy = await startBrokenProxy(master.port)
  const addressMap = { [`127.0.0.1:${master.port}`]: { host: '127.0.0.1', port: proxy.port } }
  const lose = async (_: RedisServer, loads: SessionLoad[]) => {
    await proxy.stop()
    await next(loads, 'failed')
    await master.kill()
  }
  const { loads } = await failover(t, sentinels, lose, addressMap)
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})

t.test('while a master hangs, requests get 503 until a replica takes over with the replicated sessions', async (t) => {
  const sentinels = await start(t)
  const { loads, old } = await failover(t, sentinels, (master) => master.pause())
  await comesBack(t, loads, [old])
})

for (const [index, which] of ['first', 'second'].entries()) {
  t.test(`a failover works if the ${which} sentinel of the client hangs as well`, async (t) => {
    const sentinels = await start(t)
    const sentinel = sentinels.sentinels[index]!
    const hang = (master: RedisServer) => {
      master.pause()
      sentinel.pause()
    }
    const { loads, old } = await failover(t, sentinels, hang)
    await comesBack(t, loads, [old, sentinel])
  })
}

t.test('without a master for ten seconds, the store refuses commands for node-redis until there is one', async (t) => {
  const sentinels = await start(t)
  const connectStore = async (library: Library) => {
    const { client, close } = await connectAsDocumented({ kind: 'sentinel', ports: sentinels.ports }, library)
    t.teardown(close)
    return new RedisStore({ client, prefix: `${library}:` })
  }
  const stores = await Promise.all((['node-redis', 'node-redis 6'] as const).map(connectStore))
  for (const store of stores) await store.write('id', Buffer.from('a'), HOUR, HOUR)
  for (const node of sentinels.nodes) node.pause()
  const refuses = async (store: RedisStore) => {
    let refusal = ''
    await waitUntil('a refusal', () => {
      Promise.resolve(store.read('id', HOUR)).catch(({ message }) => {
        refusal = message
      })
      return refusal.startsWith('Redis has not answered for ')
    })
  }
  await Promise.all(stores.map(refuses))
  for (const node of sentinels.nodes) node.resume()
  const works = (store: RedisStore) => waitUntil('an answer', async () => String(await store.read('id', HOUR)) === 'a')
  await Promise.all(stores.map(works))
})

async function start(t: Test): Promise<RedisSentinels> {
  const sentinels = await RedisSentinels.start()
  t.teardown(() => sentinels.stop())
  return sentinels
}

const next = (loads: SessionLoad[], kind: 'acknowledged' | 'failed') =>
  Promise.all(loads.map((load) => load.next(kind)))

/** Stops the master, and waits until each load has failed and works again. */
async function failover(
  t: Test,
  sentinels: RedisSentinels,
  go: (master: RedisServer, loads: SessionLoad[]) => unknown,
  addressMap?: Parameters<typeof connectAsDocumented>[2]
): Promise<{ loads: SessionLoad[]; old: RedisServer }> {
  const startLoad = async (library: Library) => {
    const { client, close } = await connectAsDocumented(
      { kind: 'sentinel', ports: sentinels.ports },
      library,
      addressMap
    )
    t.teardown(close)
    return SessionLoad.start(t, new RedisStore({ client, prefix: `${library}:` }))
  }
  const loads = await Promise.all(LIBRARIES.map(startLoad))
  await next(loads, 'acknowledged')
  const old = await sentinels.master()
  for (const load of loads) await load.makeDurable(() => sentinels.isReplicated(old))
  await go(old, loads)
  await next(loads, 'failed')
  await next(loads, 'acknowledged')
  return { loads, old }
}

/** Resumes the servers. For a while, a resumed master still believes that it is the master, and this must not matter. */
async function comesBack(t: Test, loads: SessionLoad[], hanging: RedisServer[]): Promise<void> {
  const wellSince = performance.now()
  await next(loads, 'acknowledged')
  for (const server of hanging) server.resume()
  await next(loads, 'acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
}
