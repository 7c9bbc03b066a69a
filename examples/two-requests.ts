// Two requests of one session at once, over a store that can compare and over one that cannot. README.md, "Two requests
// at once", drives this with curl.
//
//   node --import=ts-blank-space/register examples/two-requests.ts

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import starsessions, { InMemoryStore, type SessionStore } from 'fastify-starsessions'

/** The least that a store has to be: it cannot compare, so that the last write wins as a whole. */
function threeMethods(): SessionStore {
  const store = new InMemoryStore()
  return {
    read: (sessionId, lifetime) => store.read(sessionId, lifetime),
    write: (...args) => store.write(...args),
    remove: (sessionId) => store.remove(sessionId)
  }
}

/** The same application twice: over a store with `replace`, and over one without. */
export async function build({ pause = 1000 } = {}) {
  const app = Fastify()
  for (const [name, store] of Object.entries({ compared: new InMemoryStore(), blind: threeMethods() })) {
    app.register(
      async (scope) => {
        // Not only Secure: this example is also for plain http.
        await scope.register(starsessions, { store, cookieName: name, cookie: { secure: 'auto' } })

        scope.post('/login', async (request) => {
          const session = await request.loadSession()
          await session.regenerateId()
          session.user = 'ada'
          return { user: session.user }
        })

        // Slow enough for another request to come in between.
        scope.put('/cart/:article', async (request: FastifyRequest<{ Params: { article: string } }>) => {
          const session = await request.loadSession()
          await sleep(pause)
          session.set(`cart-${request.params.article}`, 1)
          return { ok: true }
        })

        // Of one key two requests can only make two different values: what depends on the old one is an update().
        scope.post('/visit', async (request) => {
          const session = await request.loadSession()
          const visits = await session.update((newest) => {
            newest.visits = (newest.visits ?? 0) + 1
            return newest.visits
          })
          return { visits }
        })

        scope.post('/logout', async (request) => {
          const session = await request.loadSession()
          await session.destroy()
          return { user: null }
        })

        scope.get('/', async (request) => Object.keys(await request.loadSession()).sort())
      },
      { prefix: `/${name}` }
    )
  }
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
