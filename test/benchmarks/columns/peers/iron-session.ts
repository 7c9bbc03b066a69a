import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { getIronSession, type IronSession } from 'iron-session'
import type { Effect } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column } from '../column.ts'

const READS: Effect = { reads: 0, changes: 0, setsCookie: false }
const SETS: Effect = { reads: 0, changes: 0, setsCookie: true }

const OPTIONS = {
  cookieName: 'session',
  password: 'a secret of at least thirty-two characters',
  ttl: 86_400,
  cookieOptions: { secure: false }
}

const sessionOf = (request: FastifyRequest, reply: FastifyReply): Promise<IronSession<BenchData>> =>
  getIronSession<BenchData>(request.raw, reply.raw, OPTIONS)

/**
 * Encrypted cookies. iron-session derives its keys again for each cookie. It is a function and no plugin, so a route
 * that does not call it pays nothing.
 */
export const ironSessionInCookie: Column = {
  name: 'iron-session',
  kind: 'peer',
  effects: { S0: READS, S1: READS, S2: SETS, S3: SETS, S4: SETS, S5: SETS },
  keepsSessions: true,
  inCookie: true,
  framework: 'Fastify',
  async open({ newData }) {
    const app = Fastify()
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', async (request, reply) => String((await sessionOf(request, reply)).visits))
    // There are no ids here, so a login is just a new cookie.
    for (const scenario of ['S2', 'S5']) {
      app.get(`/${scenario}`, async (request, reply) => {
        const session = await sessionOf(request, reply)
        session.visits += 1
        await session.save()
        return 'ok'
      })
    }
    app.get('/S3', async (request, reply) => {
      const session = await sessionOf(request, reply)
      Object.assign(session, newData())
      await session.save()
      return 'ok'
    })
    app.get('/S4', async (request, reply) => {
      const session = await sessionOf(request, reply)
      await session.save()
      return String(session.visits)
    })
    return fastifyApplication(app)
  }
}
