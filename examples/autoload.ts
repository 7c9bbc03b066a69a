// By default a handler loads its session with `await request.loadSession()`. Autoload does so before the handler runs,
// for whole paths or for single routes.
//
//   node --import=ts-blank-space/register examples/autoload.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions from 'fastify-starsessions'

export async function build() {
  const app = Fastify()
  await app.register(starsessions, {
    // Text is a prefix of whole segments: '/account' covers /account/orders, but not /accounting.
    // A RegExp is tested against the path.
    autoload: ['/account', /^\/api\/v\d+\//],
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
    cookie: { secure: 'auto' }
  })

  // Loaded because of the path: `request.session` is there without `await request.loadSession()`.
  app.get('/account', async (request) => ({ user: request.session.user ?? null }))
  app.get('/api/v1/me', async (request) => ({ user: request.session.user ?? null }))

  // `autoloadSession` of a route wins over the paths, with true as well as with false.
  app.get('/welcome', { config: { autoloadSession: true } }, async (request) => {
    request.session.user = 'ada'
    return `Welcome, ${request.session.user}!`
  })
  app.get('/account/help', { config: { autoloadSession: false } }, async (request) => ({
    loaded: request.isSessionLoaded
  }))

  // Neither the paths nor the route ask for the session, so it is not loaded.
  app.get('/accounting', async (request) => ({ loaded: request.isSessionLoaded }))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
