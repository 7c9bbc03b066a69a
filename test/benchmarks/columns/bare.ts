import Fastify from 'fastify'
import { type Effect, SCENARIOS } from '../scenarios.ts'
import type { Column } from './column.ts'

const NOTHING: Effect = { reads: 0, changes: 0, setsCookie: false }

/** Fastify alone: what all others are measured above. */
export const bare = (name: string): Column => ({
  name,
  effects: { S0: NOTHING, S1: NOTHING, S2: NOTHING, S3: NOTHING, S5: NOTHING },
  keepsSessions: false,
  async open() {
    const app = Fastify()
    for (const scenario of SCENARIOS) {
      app.get(`/${scenario}`, (_request, reply) => {
        reply.send('ok')
      })
    }
    return app
  }
})
