// Sessions are loaded when a handler asks for them. Autoload asks beforehand: by path, or route by route.
//
//   node --import=ts-blank-space/register examples/autoload.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions from 'fastify-starsessions'

export async function build() {
  const app = Fastify()
  await app.register(starsessions, {
    // A prefix is whole segments: /account and /account/orders, not /accounting. A RegExp is matched against the path.
    autoload: ['/account', /^\/api\/v\d+\//],
    // Not only Secure: this example is also for plain http.
    cookie: { secure: 'auto' }
  })

  // By path: `request.session` is there without `await request.loadSession()`.
  app.get('/account', async (request) => ({ user: request.session.user ?? null }))
  app.get('/api/v1/me', async (request) => ({ user: request.session.user ?? null }))

  // The route's own word wins, both ways.
  app.get('/welcome', { config: { autoloadSession: true } }, async (request) => {
    request.session.user = 'ada'
    return `Welcome, ${request.session.user}!`
  })
  app.get('/account/help', { config: { autoloadSession: false } }, async (request) => ({
    loaded: request.isSessionLoaded
  }))

  // Neither: the store is not asked.
  app.get('/accounting', async (request) => ({ loaded: request.isSessionLoaded }))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
