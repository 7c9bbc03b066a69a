// Sessions in Redis: they survive a restart of the application, and its processes share them.
//
//   REDIS_URL=redis://127.0.0.1:6379 node --import=ts-blank-space/register examples/redis.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { RedisStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'

export async function build({ url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' } = {}) {
  const app = Fastify()

  // The client is the application's: it makes it, and closes it. When Redis goes away later, requests that need their
  // session are answered with 503 until it is back.
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
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
