// A visit counter. The cookie itself holds the data. It is signed, so a visitor can read the data but not change them.
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
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
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
