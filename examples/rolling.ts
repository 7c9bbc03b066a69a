// A session that ends after 20 minutes without a request that loads it, and after 8 hours in any case.
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
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
    cookie: { secure: 'auto' }
  })

  app.get('/start', async (request) => {
    const session = await request.loadSession()
    session.user = 'ada'
    return { secondsLeft: session.remainingSeconds }
  })

  // Nothing is changed here. Loading the session is enough to start its 20 minutes anew.
  app.get('/', async (request) => {
    const session = await request.loadSession()
    return { user: session.user ?? null, secondsLeft: session.remainingSeconds }
  })

  // This route does not load the session, so requests that a browser makes on its own do not keep the session alive.
  app.get('/health', async () => 'ok')

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
