import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import t from 'tap'
import { fromExpressStore } from '../../lib/stores/express.ts'
import { startRedis } from '../support/redis-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

t.test('connect-redis keeps the promises of SessionStore', async (t) => {
  const server = await startRedis({ dataDir: t.testdir() })
  const client = createClient({
    socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: 50 },
    // Without it, commands wait until the server is back.
    disableOfflineQueue: true
  })
  client.on('error', () => undefined)
  await client.connect()
  t.teardown(async () => {
    client.destroy()
    await server.stop()
  })
  const store = fromExpressStore(new RedisStore({ client }))
  const breakDown = async () => {
    await server.kill()
    return () => server.restart()
  }
  await storeConformance(t, 'connect-redis', async () => ({ store, break: breakDown }))
})
