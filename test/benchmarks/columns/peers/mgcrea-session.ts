import { createRequire } from 'node:module'
import fastifyCookie from '@fastify/cookie'
import Fastify, { type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import type { Effects } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Bench, Column } from '../column.ts'

// Required instead of imported, because its types and ours declare different types for request.session.
const require = createRequire(import.meta.url)

interface Session {
  get<Key extends keyof BenchData>(key: Key): BenchData[Key]
  set<Key extends keyof BenchData>(key: Key, value: BenchData[Key]): void
  readonly data: BenchData
  destroy(): Promise<void>
}

const { default: mgcreaSession, ...mgcrea } = require('@mgcrea/fastify-session') as {
  default: FastifyPluginCallback<Record<string, unknown>>
  MemoryStore: new () => object
  Session: { create(): Promise<Session> }
}
const { SODIUM_SECRETBOX } = require('@mgcrea/fastify-session-sodium-crypto') as { SODIUM_SECRETBOX: object }

/** Every request that has a session reads it and touches it in the store. */
const READS = { reads: 1, changes: 1, setsCookie: false }
const SETS = { reads: 1, changes: 2, setsCookie: true }
const EFFECTS: Effects = {
  S0: READS,
  S1: READS,
  S2: SETS,
  S3: { reads: 0, changes: 1, setsCookie: true },
  S4: SETS,
  // It also removes the old session.
  S5: { reads: 1, changes: 3, setsCookie: true }
}

const IN_COOKIE: Effects = {
  S0: { reads: 0, changes: 0, setsCookie: false },
  S1: { reads: 0, changes: 0, setsCookie: false },
  S2: { reads: 0, changes: 0, setsCookie: true },
  S3: { reads: 0, changes: 0, setsCookie: true },
  S4: { reads: 0, changes: 0, setsCookie: true },
  S5: { reads: 0, changes: 0, setsCookie: true }
}

const COLUMN = { kind: 'peer', keepsSessions: true, framework: 'Fastify' } as const

const held = (request: FastifyRequest): { session: Session } => request as unknown as { session: Session }

function keep(session: Session, data: BenchData): void {
  for (const [key, value] of Object.entries(data)) session.set(key as keyof BenchData, value)
}

async function open({ newData }: Bench, options: Record<string, unknown>) {
  const app = Fastify()
  await app.register(fastifyCookie)
  await app.register(mgcreaSession, {
    cookieName: 'session',
    cookie: { path: '/', maxAge: 86_400, httpOnly: true, sameSite: 'lax' },
    saveUninitialized: false,
    ...options
  })
  app.get('/S0', (_request, reply) => {
    reply.send('ok')
  })
  app.get('/S1', (request, reply) => {
    reply.send(String(held(request).session.get('visits')))
  })
  app.get('/S2', (request, reply) => {
    const { session } = held(request)
    session.set('visits', session.get('visits') + 1)
    reply.send('ok')
  })
  app.get('/S3', (request, reply) => {
    keep(held(request).session, newData())
    reply.send('ok')
  })
  // There is no option for rolling sessions. The cookie is only sent again after a change.
  app.get('/S4', (request, reply) => {
    const { session } = held(request)
    session.set('visits', session.get('visits'))
    reply.send(String(session.get('visits')))
  })
  // There is no method for a new id.
  app.get('/S5', async (request) => {
    const old = held(request).session
    await old.destroy()
    const session = await mgcrea.Session.create()
    keep(session, old.data)
    session.set('visits', old.get('visits') + 1)
    held(request).session = session
    return 'ok'
  })
  return fastifyApplication(app)
}

/** The store keeps the object itself, without a copy and without serializing it. */
export const mgcreaSessionInMemory: Column = {
  ...COLUMN,
  name: '@mgcrea/fastify-session, memory',
  effects: EFFECTS,
  open: (bench) =>
    open(bench, {
      secret: 'a secret of at least thirty-two characters',
      store: bench.counted(new mgcrea.MemoryStore())
    })
}

/** Cookies encrypted with libsodium. */
export const mgcreaSessionInCookie: Column = {
  ...COLUMN,
  name: '@mgcrea/fastify-session, libsodium cookie',
  effects: IN_COOKIE,
  inCookie: true,
  open: (bench) => open(bench, { key: Buffer.alloc(32, 'a key of thirty-two bytes'), crypto: SODIUM_SECRETBOX })
}
