// A whole application to copy from. Users log in and out, and some of them are editors. Forms are protected against
// CSRF, and messages survive a redirect. The sessions are in Redis, or in a file of SQLite. The tests are in
// test/behaviour/application.test.ts.
//
//   node --import=ts-blank-space/register examples/app/app.ts
//   REDIS_URL=redis://127.0.0.1:6379 node --import=ts-blank-space/register examples/app/app.ts

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import csrfProtection from '@fastify/csrf-protection'
import flash from '@fastify/flash'
import formbody from '@fastify/formbody'
import Database from 'better-sqlite3'
import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import starsessions, { RedisStore, type SessionStore } from 'fastify-starsessions'
import { SqliteStore } from 'fastify-starsessions/sqlite'
import { Redis } from 'ioredis'

declare module 'fastify-starsessions' {
  interface SessionData {
    /** The name of the user who is logged in. The role is not kept here, so that a change of it counts at once. */
    user?: string
  }
}

type Role = 'reader' | 'editor'

interface User {
  readonly name: string
  readonly salt: Buffer
  readonly passwordHash: Buffer
  role: Role
}

// A form with a field that is missing, too long or sent twice is answered with 400.
const text = (maxLength: number) => ({ type: 'string', maxLength })
const bodyOf = (properties: object) => ({ body: { type: 'object', required: Object.keys(properties), properties } })
const credentials = bodyOf({ name: text(100), password: text(1000) })
const news = bodyOf({ text: text(1000) })

const hash = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>

/** In your application, this is a table in a database. */
export class Users {
  readonly #users = new Map<string, User>()
  readonly #nobody = { salt: randomBytes(16), passwordHash: randomBytes(32) }

  async add(name: string, password: string, role: Role): Promise<User> {
    const salt = randomBytes(16)
    const user = { name, salt, passwordHash: await hash(password, salt, 32), role }
    this.#users.set(name, user)
    return user
  }

  find(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#users.get(name)
  }

  /** An unknown name takes as long as a known one, so that nobody can find out by the time which names exist. */
  async login(name: string, password: string): Promise<User | undefined> {
    const user = this.find(name)
    const { salt, passwordHash } = user ?? this.#nobody
    return timingSafeEqual(await hash(password, salt, 32), passwordHash) ? user : undefined
  }
}

export interface Options {
  users: Users
  /** With a URL, the sessions are in Redis, so several processes on several machines can share them. */
  redisUrl?: string | undefined
  /** Without a URL, the sessions are in this file. Without a file, they end with the process. */
  sessionsFile?: string
  /** Set this behind HTTPS: the cookie is then Secure, and a subdomain cannot set a cookie of its name. */
  production?: boolean
  /** The address of the proxy that terminates HTTPS. */
  trustProxy?: string
}

/** Returns a connected client. If Redis cannot be reached, this fails within seconds, and the error says why. */
async function connect(url: string, log: FastifyBaseLogger): Promise<Redis> {
  // docs/stores/redis.md explains these settings.
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (retries) => Math.min(retries * 50, 500),
    maxLoadingRetryTime: 500,
    connectTimeout: 2000,
    socketTimeout: 2000
  })
  let reason = ''
  client.on('error', (error) => {
    reason = error.message
    log.error(error)
  })
  try {
    await client.connect()
    return client
  } catch {
    client.disconnect()
    throw new Error(
      `Redis cannot be used (${reason}). Start it, correct REDIS_URL, or unset REDIS_URL to keep sessions in a file.`
    )
  }
}

/** A store, and what closes it. */
async function openStore({ redisUrl, sessionsFile = ':memory:' }: Options, log: FastifyBaseLogger) {
  if (redisUrl !== undefined) {
    const client = await connect(redisUrl, log)
    const store: SessionStore = new RedisStore({ client, prefix: 'app:session:' })
    return { store, close: () => client.disconnect() }
  }
  const database = new Database(sessionsFile)
  // docs/stores/sqlite.md explains these settings.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  return { store: new SqliteStore({ database }).createTable(), close: () => void database.close() }
}

export async function build(options: Options) {
  const { users, production = false, trustProxy = '' } = options
  const app = Fastify({ ...(trustProxy !== '' && { trustProxy }) })

  const { store, close } = await openStore(options, app.log)
  app.addHook('onClose', () => close())
  await app.register(starsessions, {
    store,
    storeTimeout: 2,
    lifetime: { minutes: 30 },
    rolling: true,
    absoluteLifetime: { hours: 12 },
    cookieName: production ? '__Host-session' : 'session',
    cookie: { secure: production ? true : 'auto' },
    // The plugins below use request.session in their hooks, before a handler could load it.
    autoload: true
  })
  await app.register(flash)
  await app.register(csrfProtection, { sessionPlugin: '@fastify/session' })
  await app.register(formbody)

  // Protect every form. The hook is preHandler, because the token is in the body, and the body has been parsed by then.
  app.addHook('preHandler', (request, reply, done) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) done()
    else app.csrfProtection(request, reply, done)
  })

  const only = (role: Role) => async (request: FastifyRequest, reply: FastifyReply) => {
    const user = users.find(request.session.user)
    if (user?.role === role) return
    if (user !== undefined) return page(reply.code(403), `<p>This is for an ${role}.</p>`)
    request.flash('error', 'Please log in.')
    return reply.redirect('/login', 303)
  }

  let notice = 'Nothing new.'

  // A visitor who is not logged in gets no form here, and so no token, no session and no cookie.
  app.get('/', async ({ session }, reply) => {
    const user = users.find(session.user)
    if (user === undefined) return page(reply, '<p>Nobody is logged in. <a href="/login">Log in</a></p>')
    const edit = user.role === 'editor' ? '<a href="/notice">Edit</a>' : ''
    return page(
      reply,
      `<p>Hello, ${escapeHtml(user.name)}.</p><p>${escapeHtml(notice)} ${edit}</p>${form(reply, '/logout', '', 'Log out')}`
    )
  })

  app.get('/login', async (_, reply) =>
    page(reply, form(reply, '/login', '<input name="name"><input name="password" type="password">', 'Log in'))
  )

  app.post<{ Body: { name: string; password: string } }>('/login', { schema: credentials }, async (request, reply) => {
    const user = await users.login(request.body.name, request.body.password)
    if (user === undefined) {
      request.flash('error', 'Wrong name or password.')
      return reply.redirect('/login', 303)
    }
    // Begin a new session before writing to it. An attacker may have planted the old one, and would know its id and its
    // CSRF secret.
    await request.session.regenerate()
    request.session.user = user.name
    request.flash('info', 'Welcome.')
    return reply.redirect('/', 303)
  })

  app.post('/logout', async (request, reply) => {
    // This ends the session at once, even if other requests of the session are still running. A flash message here
    // would begin a new session.
    await request.session.destroy()
    return reply.redirect('/', 303)
  })

  app.get('/notice', { preHandler: only('editor') }, async (_, reply) =>
    page(reply, form(reply, '/notice', `<input name="text" value="${escapeHtml(notice)}">`, 'Publish'))
  )

  const publish = { schema: news, preHandler: only('editor') }
  app.post<{ Body: { text: string } }>('/notice', publish, async (request, reply) => {
    notice = request.body.text
    request.flash('info', 'Published.')
    return reply.redirect('/', 303)
  })

  // For the load balancer, which has no session.
  app.get('/health', { config: { autoloadSession: false } }, async () => ({ ok: true }))

  return app
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

const form = (reply: FastifyReply, action: string, fields: string, button: string) =>
  `<form method="post" action="${action}">
    <input type="hidden" name="_csrf" value="${reply.generateCsrf()}">${fields}<button>${button}</button>
  </form>`

const CSP = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

function page(reply: FastifyReply, body: string) {
  const messages = Object.values(reply.flash() as Record<string, string[]>).flat()
  const notes = messages.map((message) => `<p role="status">${escapeHtml(message)}</p>`).join('')
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', CSP)
    .send(`<!doctype html><html lang="en"><title>Notices</title>${notes}${body}</html>`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const users = new Users()
  await users.add('ada', 'open sesame', 'editor')
  const redisUrl = process.env.REDIS_URL || undefined
  const sessionsFile = process.env.SESSIONS_FILE || join(tmpdir(), 'fastify-starsessions-app.db')
  if (redisUrl === undefined) {
    console.warn(`Sessions are in ${sessionsFile}. To keep them in Redis, set REDIS_URL=redis://127.0.0.1:6379`)
  }
  try {
    const app = await build({ users, redisUrl, sessionsFile })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
    console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
