import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import starsessions, { RedisStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'

// The server of the soak, in a separate process: an HTTP server with sessions in Redis.

/** What the parent asks for: the port of the server, or the memory in use after a garbage collection. */
export type Question = 'port' | 'memory'

/** In bytes. */
export interface Memory {
  readonly heap: number
  readonly resident: number
}

/** Shorter than the time for which Redis hangs, so that requests fail meanwhile. */
const STORE_TIMEOUT_SECONDS = 2

const client = new Redis({
  port: Number(process.argv[2]),
  maxRetriesPerRequest: 1,
  retryStrategy: () => 50
})
client.on('error', () => undefined)

const app = Fastify()
await app.register(starsessions, {
  store: new RedisStore({ client }),
  lifetime: { hours: 1 },
  storeTimeout: STORE_TIMEOUT_SECONDS
})

interface Query {
  readonly user: string
  readonly value: string
}

app.get('/anonymous', async () => ({}))
app.get('/read', async (request) => {
  const { user, value } = await request.loadSession()
  return { user, value }
})
app.post<{ Querystring: Query }>('/write', async (request) => {
  const session = await request.loadSession()
  session.value = Number(request.query.value)
  return {}
})
app.post<{ Querystring: Query }>('/login', async (request) => {
  const session = await request.loadSession()
  await session.regenerate()
  session.user = request.query.user
  session.value = Number(request.query.value)
  return {}
})
app.post('/logout', async (request) => {
  const session = await request.loadSession()
  await session.destroy()
  return {}
})
await app.listen({ host: '127.0.0.1', port: 0 })

function memory(): Memory {
  gc!()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}

process.on('message', ({ question }: { question: Question }) => {
  process.send?.(question === 'port' ? (app.server.address() as AddressInfo).port : memory())
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
