import Fastify from 'fastify'
import { type Effect, SCENARIOS } from '../scenarios/scenarios.ts'
import { expressApplication, fastifyApplication } from './application.ts'
import type { Column } from './column.ts'
import { express } from './peers/express.ts'

const NOTHING: Effect = { reads: 0, changes: 0, setsCookie: false }
const CONTROL = {
  kind: 'control',
  effects: { S0: NOTHING, S1: NOTHING, S2: NOTHING, S3: NOTHING, S4: NOTHING, S5: NOTHING },
  keepsSessions: false
} as const

/** The baseline that is subtracted from all other Fastify columns. */
export const bareFastify = (name: string): Column => ({
  ...CONTROL,
  name,
  framework: 'Fastify',
  async open() {
    const app = Fastify()
    for (const scenario of SCENARIOS) {
      app.get(`/${scenario}`, (_request, reply) => {
        reply.send('ok')
      })
    }
    return fastifyApplication(app)
  }
})

export const bareExpress: Column = {
  ...CONTROL,
  name: 'bare Express',
  framework: 'Express',
  async open() {
    const app = express()
    for (const scenario of SCENARIOS) {
      app.get(`/${scenario}`, (_request, response) => {
        response.send('ok')
      })
    }
    return expressApplication(app)
  }
}
