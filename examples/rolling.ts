// A session that ends after 20 minutes without a request, and after 8 hours however busy its visitor is.
//
//   node --import=ts-blank-space/register examples/rolling.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { type Duration } from 'fastify-starsessions'

interface Options {
  lifetime?: Duration
  absoluteLifetime?: Duration
}

export async function build({ lifetime = { minutes: 20 }, absoluteLifetime = { hours: 8 } }: Options = {}) {
  const app = Fastify()
  await app.register(starsessions, {
    rolling: true,
    lifetime,
    absoluteLifetime,
    // Not only Secure: this example is also for plain http.
    cookie: { secure: 'auto' }
  })

  app.get('/start', async (request) => {
    const session = await request.loadSession()
    session.user = 'ada'
    return { secondsLeft: session.remainingSeconds }
  })

  // Loading is enough: nothing is changed here, and the session still starts over with its full lifetime.
  app.get('/', async (request) => {
    const session = await request.loadSession()
    return { user: session.user ?? null, secondsLeft: session.remainingSeconds }
  })

  // Not loaded, not prolonged: what a browser fetches on its own does not keep a session alive.
  app.get('/health', async () => 'ok')

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
