import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'
import type { Effect } from '../scenarios/scenarios.ts'
import { fastifyApplication } from './application.ts'
import type { Column } from './column.ts'

const READS: Effect = { reads: 0, changes: 0, setsCookie: false }
const SETS: Effect = { reads: 0, changes: 0, setsCookie: true }

const VALUE = 'k3v9S0b7Qm2nXc5LrTz8Yp1wHd4fJg6aEu0iOsRtVxB'
const OPTIONS = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: 86_400 } as const

/** Only @fastify/cookie, which reads a cookie and sets one. */
export const fastifyCookieAlone: Column = {
  name: '@fastify/cookie alone',
  kind: 'control',
  effects: { S0: READS, S1: READS, S2: SETS, S3: SETS, S4: SETS, S5: SETS },
  keepsSessions: false,
  framework: 'Fastify',
  async open() {
    const app = Fastify()
    await app.register(fastifyCookie)
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', (request, reply) => {
      reply.send(request.cookies.session === undefined ? 'none' : 'ok')
    })
    for (const scenario of ['S2', 'S3', 'S4', 'S5']) {
      app.get(`/${scenario}`, (_request, reply) => {
        reply.setCookie('session', VALUE, OPTIONS).send('ok')
      })
    }
    return fastifyApplication(app)
  }
}
