// A whole application to copy from. Users log in and out, see their devices and end sessions. Some are editors, and one
// is an administrator. Forms are protected against CSRF, and messages survive a redirect. An open page hears over a
// WebSocket when its session ends. The sessions are in Redis, or in a file of SQLite. The tests are in
// test/behaviour/application.test.ts and test/behaviour/application-in-browsers.test.ts.
//
//   node --import=ts-blank-space/register examples/app/app.ts
//   REDIS_URL=redis://127.0.0.1:6379 node --import=ts-blank-space/register examples/app/app.ts

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import csrfProtection from '@fastify/csrf-protection'
import flash from '@fastify/flash'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import starsessions, { AAL2 } from 'fastify-starsessions'
import { administration } from './administration.ts'
import { devices } from './devices.ts'
import { login } from './login.ts'
import { notices } from './notices.ts'
import { assets } from './page.ts'
import { openStore, type StoreOptions } from './store.ts'
import { type User, Users } from './users.ts'

declare module 'fastify-starsessions' {
  interface SessionData {
    /** The page that the user sees after they have entered their password again. */
    returnTo?: string
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The user of the session. The role is not kept in the session, so that a change of it counts at once. */
    user: User | undefined
  }
}

export interface Options extends StoreOptions {
  users: Users
  /** Set this behind HTTPS: the cookie is then Secure, and a subdomain cannot set a cookie of its name. */
  production?: boolean
  /** The address of the proxy that terminates HTTPS. */
  trustProxy?: string
  /** A line for the login page. */
  hint?: string
}

export async function build(options: Options) {
  const { users, hint, production = false, trustProxy = '' } = options
  const app = Fastify({ ...(trustProxy !== '' && { trustProxy }) })

  const { store, close } = await openStore(options, app.log)
  app.addHook('onClose', () => close())
  await app.register(starsessions, {
    store,
    storeTimeout: 2,
    // An hour without a request ends the session, and a day ends it in any case.
    ...AAL2,
    perUser: { max: 20 },
    cookieName: production ? '__Host-session' : 'session',
    cookie: { secure: production ? true : 'auto' },
    // The plugins below use request.session in their hooks, before a handler could load it.
    autoload: true
  })
  await app.register(flash)
  await app.register(csrfProtection, { sessionPlugin: '@fastify/session' })
  await app.register(formbody)

  app.decorateRequest('user', undefined)
  app.addHook('onRequest', async (request) => {
    if (request.isSessionLoaded) request.user = users.find(request.session.userId)
  })

  // Protect every form. The hook is preHandler, because the token is in the body, and the body has been parsed by then.
  app.addHook('preHandler', (request, reply, done) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) done()
    else app.csrfProtection(request, reply, done)
  })

  await app.register(notices)
  await app.register(login, { users, hint })
  await app.register(devices)
  await app.register(administration, { users })
  await app.register(assets)

  // For the load balancer, which has no session.
  app.get('/health', { config: { autoloadSession: false } }, async () => ({ ok: true }))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const users = new Users()
  for (const [name, role] of [
    ['ada', 'editor'],
    ['bob', 'reader'],
    ['grace', 'administrator']
  ] as const) {
    await users.add(name, 'open sesame', role)
  }
  const hint = 'Log in as ada (an editor), bob (a reader) or grace (an administrator). The password is "open sesame".'
  const redisUrl = process.env.REDIS_URL || undefined
  const sessionsFile = process.env.SESSIONS_FILE || join(tmpdir(), 'fastify-starsessions-app.db')
  if (redisUrl === undefined) {
    console.warn(`Sessions are in ${sessionsFile}. To keep them in Redis, set REDIS_URL=redis://127.0.0.1:6379`)
  }
  try {
    const app = await build({ users, redisUrl, sessionsFile, hint })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
    console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
