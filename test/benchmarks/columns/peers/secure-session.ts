import { createRequire } from 'node:module'
import Fastify, { type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import type { Effect } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column } from '../column.ts'

// Required instead of imported, because its types and ours declare different types for request.session.
const secureSession = createRequire(import.meta.url)('@fastify/secure-session') as FastifyPluginCallback<
  Record<string, unknown>
>

interface Session extends BenchData {
  touch(): void
  regenerate(keep: readonly string[]): void
}

const READS: Effect = { reads: 0, changes: 0, setsCookie: false }
const SETS: Effect = { reads: 0, changes: 0, setsCookie: true }

const sessionOf = (request: FastifyRequest): Session => request.session as unknown as Session

/** Cookies encrypted with libsodium. */
export const secureSessionInCookie: Column = {
  name: '@fastify/secure-session',
  kind: 'peer',
  effects: { S0: READS, S1: READS, S2: SETS, S3: SETS, S4: SETS, S5: SETS },
  keepsSessions: true,
  inCookie: true,
  framework: 'Fastify',
  async open({ newData }) {
    const app = Fastify()
    const key = Buffer.alloc(32, 'a key of thirty-two bytes')
    await app.register(secureSession, { key, cookie: { path: '/', maxAge: 86_400 } })
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', (request, reply) => {
      reply.send(String(sessionOf(request).visits))
    })
    app.get('/S2', (request, reply) => {
      sessionOf(request).visits += 1
      reply.send('ok')
    })
    app.get('/S3', (request, reply) => {
      Object.assign(sessionOf(request), newData())
      reply.send('ok')
    })
    app.get('/S4', (request, reply) => {
      sessionOf(request).touch()
      reply.send(String(sessionOf(request).visits))
    })
    app.get('/S5', (request, reply) => {
      sessionOf(request).regenerate(Object.keys(newData()))
      sessionOf(request).visits += 1
      reply.send('ok')
    })
    return fastifyApplication(app)
  }
}
