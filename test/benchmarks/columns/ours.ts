import Fastify, { type FastifyInstance } from 'fastify'
import starsessions, { CookieStore, InMemoryStore, RedisStore } from 'fastify-starsessions'
import { createClient } from 'redis'
import type { SessionStore } from '../../../types/store.ts'
import type { Effects } from '../scenarios.ts'
import { newData } from '../session-data.ts'
import type { Column } from './column.ts'

const EFFECTS: Effects = {
  S0: { reads: 0, changes: 0, setsCookie: false },
  S1: { reads: 1, changes: 0, setsCookie: false },
  S2: { reads: 1, changes: 1, setsCookie: false },
  S3: { reads: 0, changes: 1, setsCookie: true },
  S5: { reads: 1, changes: 2, setsCookie: true }
}

const SECRET = 'a secret of at least thirty-two characters'
const LOADED = { config: { autoloadSession: true } }

async function open(store: SessionStore): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(starsessions, { store, lifetime: { days: 1 }, cookie: { secure: false } })
  app.get('/S0', (_request, reply) => {
    reply.send('ok')
  })
  app.get('/S1', LOADED, (request, reply) => {
    reply.send(String(request.session.visits))
  })
  app.get('/S2', LOADED, (request, reply) => {
    request.session.visits += 1
    reply.send('ok')
  })
  app.get('/S3', LOADED, (request, reply) => {
    Object.assign(request.session, newData())
    reply.send('ok')
  })
  app.get('/S5', LOADED, async (request) => {
    await request.session.regenerateId()
    request.session.visits += 1
    return 'ok'
  })
  return app
}

export const oursInMemory: Column = {
  name: 'ours, InMemoryStore',
  effects: EFFECTS,
  keepsSessions: true,
  open: ({ counted }) => open(counted(new InMemoryStore()))
}

export const oursInCookie: Column = {
  name: 'ours, CookieStore',
  effects: { ...EFFECTS, S2: { ...EFFECTS.S2, setsCookie: true } },
  keepsSessions: true,
  oldIdLives: true,
  open: ({ counted }) => open(counted(new CookieStore({ secretKey: SECRET })))
}

export const oursInRedis: Column = {
  name: 'ours, RedisStore',
  effects: EFFECTS,
  keepsSessions: true,
  needsRedis: true,
  open: ({ counted, redis }) => open(counted(new RedisStore({ client: redis })))
}

export const oursInRedisByNodeRedis: Column = {
  name: 'ours, RedisStore over node-redis',
  effects: EFFECTS,
  keepsSessions: true,
  needsRedis: true,
  async open({ counted, redis }) {
    const { port } = redis.options
    const client = createClient({ socket: { host: '127.0.0.1', ...(port !== undefined && { port }) } })
    return open(counted(new RedisStore({ client: await client.connect() })))
  }
}
