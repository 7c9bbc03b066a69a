import t from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { startBrokenProxy } from '../support/broken-proxy.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { startRedis } from '../support/redis-server.ts'
import { LIBRARIES } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

const server = await startRedis()
t.teardown(() => server.stop())

t.test('after a server vanishes and returns under the same name, the clients find it again', async (t) => {
  const proxy = await startBrokenProxy(server.port)
  t.teardown(() => proxy.stop())
  const loads = await Promise.all(
    LIBRARIES.map(async (library) => {
      const { client, close } = await connectAsDocumented({ kind: 'single', ports: [proxy.port] }, library)
      t.teardown(close)
      return SessionLoad.start(t, new RedisStore({ client, prefix: `${library}:` }))
    })
  )
  const next = (kind: 'acknowledged' | 'failed') => Promise.all(loads.map((load) => load.next(kind)))
  await next('acknowledged')
  proxy.vanish()
  await next('failed')
  await next('acknowledged')
  const wellSince = performance.now()
  await next('acknowledged')
  for (const load of loads) await load.holds(t, wellSince)
})
