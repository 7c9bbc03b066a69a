// Several requests of one session at the same time, over a store that can compare before it writes and over one that
// cannot. docs/guide/concurrency.md tries this program with curl.
//
//   node --import=ts-blank-space/register examples/two-requests.ts

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import starsessions, { InMemoryStore, type SessionStore } from 'fastify-starsessions'

/** A store with the three required methods only. It cannot compare, so the last write replaces everything before it. */
function threeMethods(): SessionStore {
  const store = new InMemoryStore()
  return {
    read: (sessionId, lifetime) => store.read(sessionId, lifetime),
    write: (...args) => store.write(...args),
    remove: (sessionId) => store.remove(sessionId)
  }
}

/** The same application twice: under /compared over a store with `replace`, under /blind over a store without. */
export async function build({ pause = 1000 } = {}) {
  const app = Fastify()
  for (const [name, store] of Object.entries({ compared: new InMemoryStore(), blind: threeMethods() })) {
    app.register(
      async (scope) => {
        // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
        await scope.register(starsessions, { store, cookieName: name, cookie: { secure: 'auto' } })

        scope.post('/login', async (request) => {
          const session = await request.loadSession()
          await session.regenerateId()
          session.user = 'ada'
          return { user: session.user }
        })

        // The pause leaves time for another request in between.
        scope.put('/cart/:article', async (request: FastifyRequest<{ Params: { article: string } }>) => {
          const session = await request.loadSession()
          await sleep(pause)
          session.set(`cart-${request.params.article}`, 1)
          return { ok: true }
        })

        // The new value depends on the old one. update() hands in the newest data, so that every visit is counted.
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
