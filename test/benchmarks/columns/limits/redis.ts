import Fastify from 'fastify'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column, NodeRedis } from '../column.ts'
import { cookieValue, DAY, LIMIT, newId, setCookie } from './limit.ts'

/** The four Redis commands that sessions need. */
interface Commands {
  get(id: string): Promise<string | null>
  getAndProlong(id: string): Promise<string | null>
  set(id: string, text: string): Promise<unknown>
  del(id: string): Promise<unknown>
}

const dataOf = (text: string | null): BenchData => JSON.parse(text ?? '{}')

async function open(commands: Commands, newData: () => BenchData) {
  const app = Fastify()
  app.get('/S0', (_request, reply) => {
    reply.send('ok')
  })
  app.get('/S1', async (request) => String(dataOf(await commands.get(cookieValue(request))).visits))
  app.get('/S2', async (request) => {
    const id = cookieValue(request)
    const data = dataOf(await commands.get(id))
    data.visits += 1
    await commands.set(id, JSON.stringify(data))
    return 'ok'
  })
  app.get('/S3', async (_request, reply) => {
    const id = newId()
    await commands.set(id, JSON.stringify(newData()))
    setCookie(reply, id)
    return 'ok'
  })
  app.get('/S4', async (request, reply) => {
    const id = cookieValue(request)
    const { visits } = dataOf(await commands.getAndProlong(id))
    setCookie(reply, id)
    return String(visits)
  })
  app.get('/S5', async (request, reply) => {
    const old = cookieValue(request)
    const data = dataOf(await commands.get(old))
    data.visits += 1
    const id = newId()
    await commands.set(id, JSON.stringify(data))
    await commands.del(old)
    setCookie(reply, id)
    return 'ok'
  })
  return fastifyApplication(app)
}

const ofNodeRedis = (client: NodeRedis): Commands => ({
  get: (id) => client.get(id),
  getAndProlong: (id) => client.getEx(id, { type: 'PX', value: DAY }),
  set: (id, text) => client.set(id, text, { expiration: { type: 'PX', value: DAY } }),
  del: (id) => client.del(id)
})

export const limitInIoredis: Column = {
  ...LIMIT,
  name: 'by hand, ioredis',
  needs: 'ioredis',
  open: ({ counted, ioredis, newData }) =>
    open(
      counted({
        get: (id) => ioredis.get(id),
        getAndProlong: (id) => ioredis.getex(id, 'PX', DAY),
        set: (id, text) => ioredis.set(id, text, 'PX', DAY),
        del: (id) => ioredis.del(id)
      }),
      newData
    )
}

export const limitInNodeRedis: Column = {
  ...LIMIT,
  name: 'by hand, node-redis',
  needs: 'node-redis',
  open: ({ counted, nodeRedis, newData }) => open(counted(ofNodeRedis(nodeRedis)), newData)
}
