import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import starsessions, { RedisStore, type SessionStore } from 'fastify-starsessions'
import { PostgresStore } from 'fastify-starsessions/postgres'
import { Redis } from 'ioredis'
import pg from 'pg'

// The server of the soak, in a separate process: an HTTP server with sessions in Redis or in PostgreSQL.
//
//   server-process.js redis|postgres PORT

/** What the parent asks for: the port of the server, or the memory in use after a garbage collection. */
export type Question = 'port' | 'memory'

/** In bytes. */
export interface Memory {
  readonly heap: number
  readonly resident: number
}

/** Shorter than the time for which the server hangs, so that requests fail meanwhile. */
const STORE_TIMEOUT_SECONDS = 2

const [, , kind, port] = process.argv

async function openStore(): Promise<SessionStore> {
  if (kind === 'redis') {
    const client = new Redis({ port: Number(port), maxRetriesPerRequest: 1, retryStrategy: () => 50 })
    client.on('error', () => undefined)
    return new RedisStore({ client })
  }
  const client = new pg.Pool({
    host: '127.0.0.1',
    port: Number(port),
    user: 'postgres',
    max: 10,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 2_000,
    keepAlive: true
  })
  client.on('error', () => undefined)
  const store = new PostgresStore({ client })
  await store.createTable()
  return store
}

const app = Fastify()
await app.register(starsessions, {
  store: await openStore(),
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
