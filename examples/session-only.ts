// A session that lasts until the browser closes. Without the option `lifetime`, the cookie has no Max-Age.
//
//   node --import=ts-blank-space/register examples/session-only.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { InMemoryStore } from 'fastify-starsessions'

export async function build() {
  const app = Fastify()
  await app.register(starsessions, {
    // The store cannot know when the browser closes. It deletes a session that no request has used for an hour.
    store: new InMemoryStore({ gcTtl: 60 * 60 }),
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
    cookie: { secure: 'auto' }
  })

  app.post('/draft', async (request) => {
    const session = await request.loadSession()
    session.draft = request.body
    return { saved: true }
  })

  app.get('/draft', async (request) => {
    const session = await request.loadSession()
    return { draft: session.draft ?? null }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
