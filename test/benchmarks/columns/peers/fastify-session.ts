import { createRequire } from 'node:module'
import fastifyCookie from '@fastify/cookie'
import { RedisStore } from 'connect-redis'
import Fastify, { type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import type { Effects } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Bench, Column } from '../column.ts'
import { connectPgSimple } from './connect-pg-simple.ts'

// Required instead of imported, because its types and ours declare different types for request.session.
const fastifySession = createRequire(import.meta.url)('@fastify/session') as FastifyPluginCallback<
  Record<string, unknown>
> & {
  MemoryStore: new () => object
}

interface Session extends BenchData {
  regenerate(keep: readonly string[]): Promise<void>
}

const EFFECTS: Effects = {
  S0: { reads: 1, changes: 0, setsCookie: false },
  S1: { reads: 1, changes: 0, setsCookie: false },
  S2: { reads: 1, changes: 1, setsCookie: true },
  S3: { reads: 0, changes: 1, setsCookie: true },
  S4: { reads: 1, changes: 1, setsCookie: true },
  S5: { reads: 1, changes: 3, setsCookie: true }
}

const COLUMN = { kind: 'peer', effects: EFFECTS, keepsSessions: true, framework: 'Fastify' } as const

const sessionOf = (request: FastifyRequest): Session => request.session as unknown as Session

async function open({ rolling, newData }: Bench, store: object) {
  const app = Fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'a secret of at least thirty-two characters',
    cookie: { secure: false, maxAge: 86_400_000 },
    // Off as in our column. By default @fastify/session writes on every request.
    rolling,
    saveUninitialized: false,
    store
  })
  app.get('/S0', (_request, reply) => {
    reply.send('ok')
  })
  for (const scenario of ['S1', 'S4']) {
    app.get(`/${scenario}`, (request, reply) => {
      reply.send(String(sessionOf(request).visits))
    })
  }
  app.get('/S2', (request, reply) => {
    sessionOf(request).visits += 1
    reply.send('ok')
  })
  app.get('/S3', (request, reply) => {
    Object.assign(sessionOf(request), newData())
    reply.send('ok')
  })
  app.get('/S5', async (request) => {
    await sessionOf(request).regenerate(Object.keys(newData()))
    sessionOf(request).visits += 1
    return 'ok'
  })
  return fastifyApplication(app)
}

export const fastifySessionInMemory: Column = {
  ...COLUMN,
  name: '@fastify/session, memory',
  open: (bench) => open(bench, bench.counted(new fastifySession.MemoryStore()))
}

export const fastifySessionInRedis: Column = {
  ...COLUMN,
  name: '@fastify/session, connect-redis',
  needs: 'node-redis',
  open: (bench) => open(bench, bench.counted(new RedisStore({ client: bench.nodeRedis })))
}

export const fastifySessionInPostgres: Column = {
  ...COLUMN,
  name: '@fastify/session, connect-pg-simple',
  needs: 'postgres',
  open: (bench) => open(bench, bench.counted(connectPgSimple(bench.postgres)))
}
