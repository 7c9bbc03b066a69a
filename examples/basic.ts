// A visit counter. The data travel in the cookie itself: signed, so that nobody can change them, but readable.
//
//   SESSION_SECRET=$(openssl rand -base64 32) node --import=ts-blank-space/register examples/basic.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { CookieStore } from 'fastify-starsessions'

export async function build({ secretKey = process.env.SESSION_SECRET } = {}) {
  const app = Fastify()
  await app.register(starsessions, {
    store: new CookieStore({ secretKey }),
    lifetime: { days: 14 },
    // The cookie is Secure unless told otherwise. This one is also sent over http, when the request came that way.
    cookie: { secure: 'auto' }
  })

  app.get('/', async (request) => {
    const session = await request.loadSession()
    session.visits = (session.visits ?? 0) + 1
    return { visits: session.visits }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
