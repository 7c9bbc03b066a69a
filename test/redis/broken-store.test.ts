import t from 'tap'
import { storeCases } from '../../lib/store-conformance.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { startRedis } from '../support/redis-server.ts'
import { LIBRARIES } from '../support/redis-topologies.ts'
import { runCases } from '../support/store-conformance.ts'

for (const library of LIBRARIES) {
  t.test(
    `${library}, with the settings of the page: a server that has ended is never taken for an empty one`,
    async (t) => {
      const server = await startRedis({ dataDir: t.testdir() })
      t.teardown(() => server.stop())
      const { client, close } = await connectAsDocumented({ kind: 'single', ports: [server.port] }, library)
      t.teardown(close)
      const store = new RedisStore({ client })
      const breakDown = async () => {
        await server.kill()
        return () => server.restart()
      }
      const cases = await storeCases(async () => ({ store, break: breakDown }))
      const broken = cases.filter(({ title }) => title.startsWith('while the database is broken'))
      t.equal(broken.length, 1)
      await runCases(t, broken)
    }
  )
}
