import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import starsessions from '../../lib/index.ts'
import { RedisStore } from '../../lib/stores/redis.ts'

// This file is a program. Its arguments are the port of Redis and the limit of sessions for each user. It serves the
// sessions of users over HTTP, and prints its port.
const [, , redisPort, max] = process.argv
const client = new Redis(Number(redisPort))
// Without a logger, warnings would go to stderr.
const app = Fastify({ logger: { level: 'fatal' } })
await app.register(websocket)
await app.register(starsessions, {
  store: new RedisStore({ client, subscriber: client.duplicate() }),
  cookie: { secure: false },
  perUser: { max: Number(max) }
})

interface Query {
  readonly user: string
  /** When the password was checked, in milliseconds since 1970. */
  readonly at: string
}

app.get<{ Querystring: Query }>('/login', async (request) => {
  const session = await request.loadSession()
  session.bindTo(request.query.user, { authenticatedAt: new Date(Number(request.query.at)) })
  return { user: session.userId, handle: session.handle }
})
app.get('/read', async (request) => {
  const { userId, handle } = await request.loadSession()
  return { user: userId, handle }
})
app.get('/write', async (request) => {
  const session = await request.loadSession()
  // A session that has ended meanwhile must not become an anonymous one.
  if (session.userId !== undefined) session.n = (session.n ?? 0) + 1
  return { user: session.userId, handle: session.handle }
})
app.get('/rotate', async (request) => {
  const session = await request.loadSession()
  await session.regenerateId()
  return { user: session.userId, handle: session.handle }
})
app.get('/logout', async (request) => {
  const session = await request.loadSession()
  await session.destroy()
  return {}
})
app.get<{ Querystring: Query }>('/list', async ({ query, server }) => {
  const listed = await server.sessionsOf(query.user).list()
  return listed.map(({ handle }) => handle)
})
app.get<{ Querystring: Query }>('/end-all', ({ query, server }) => server.sessionsOf(query.user).endAll().then(String))

app.get('/socket', { websocket: true, config: { autoloadSession: true } }, (socket, request) => {
  const { ended } = request.session
  ended.addEventListener('abort', () => socket.close(4001, String(ended.reason)))
  socket.send('open')
})
app.get('/events', { config: { autoloadSession: true } }, (request, reply) => {
  const { ended } = request.session
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.write('data: open\n\n')
  ended.addEventListener('abort', () => reply.raw.end(`data: ${ended.reason}\n\n`))
})

await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${(app.server.address() as AddressInfo).port}\n`)
// It ends with the process that started it.
process.stdin.on('close', () => process.exit()).resume()
