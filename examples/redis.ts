// Sessions in Redis: they survive a restart of the application, and its processes share them.
//
//   REDIS_URL=redis://127.0.0.1:6379 node --import=ts-blank-space/register examples/redis.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { RedisStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'

export async function build({ url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' } = {}) {
  const app = Fastify()

  // The client is the application's: it makes it, and closes it. While Redis is away, a request waits for 5 seconds at
  // most (`storeTimeout`), and is then answered with 503.
  const client = new Redis(url, { maxRetriesPerRequest: 1 })
  client.on('error', (error) => app.log.error(error))
  // Before the plugin is registered: Fastify runs the last hook first.
  app.addHook('onClose', () => client.disconnect())

  await app.register(starsessions, {
    store: new RedisStore({ client, prefix: 'example:session:' }),
    lifetime: { days: 14 },
    // Not only Secure: this example is also for plain http.
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
