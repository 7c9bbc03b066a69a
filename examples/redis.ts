// Sessions in Redis survive a restart of the application, and several processes can share them.
//
//   REDIS_URL=redis://127.0.0.1:6379 node --import=ts-blank-space/register examples/redis.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { RedisStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'

export async function build({ url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' } = {}) {
  const app = Fastify()

  // The application creates the client and closes it; the store only uses it. While Redis is unreachable, requests that
  // load a session are answered with 503.
  // docs/stores/redis.md explains these settings.
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (retries) => Math.min(retries * 50, 500),
    maxLoadingRetryTime: 500,
    connectTimeout: 2000,
    socketTimeout: 2000
  })
  let reason = ''
  client.on('error', (error) => {
    reason = error.message
    app.log.error(error)
  })
  try {
    await client.connect()
  } catch {
    client.disconnect()
    throw new Error(
      `Redis cannot be used (${reason}). Start it, or set REDIS_URL, as in REDIS_URL=redis://127.0.0.1:6379`
    )
  }
  // Add this hook before registering the plugin. Fastify runs onClose hooks in reverse order: the client closes last.
  app.addHook('onClose', () => client.disconnect())

  await app.register(starsessions, {
    store: new RedisStore({ client, prefix: 'example:session:' }),
    lifetime: { days: 14 },
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
    cookie: { secure: 'auto' }
  })

  app.post<{ Params: { name: string } }>('/login/:name', async (request) => {
    const session = await request.loadSession()
    await session.regenerateId()
    session.user = request.params.name
    return { user: session.user }
  })

  app.get('/', async (request) => {
    const session = await request.loadSession()
    return { user: session.user ?? null }
  })

  app.post('/logout', async (request) => {
    const session = await request.loadSession()
    await session.destroy()
    return { user: null }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
}
