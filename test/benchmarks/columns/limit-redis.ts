import Fastify from 'fastify'
import { type BenchData, newData } from '../session-data.ts'
import type { Column } from './column.ts'
import { cookieValue, LIMIT_EFFECTS, newId, setCookie } from './limit.ts'

const DAY_MS = 86_400_000

const bytesOf = (data: BenchData): Buffer => Buffer.from(JSON.stringify(data))
const dataOf = (bytes: Buffer | null): BenchData => JSON.parse(bytes === null ? '{}' : bytes.toString())

/** By hand, over ioredis. */
export const limitInRedis: Column = {
  name: 'by hand, ioredis',
  effects: LIMIT_EFFECTS,
  keepsSessions: true,
  needsRedis: true,
  async open({ counted, redis }) {
    const app = Fastify()
    const client = counted(redis)
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', async (request) => String(dataOf(await client.getBuffer(cookieValue(request))).visits))
    app.get('/S2', async (request) => {
      const id = cookieValue(request)
      const data = dataOf(await client.getBuffer(id))
      data.visits += 1
      await client.set(id, bytesOf(data), 'PX', DAY_MS)
      return 'ok'
    })
    app.get('/S3', async (_request, reply) => {
      const id = newId()
      await client.set(id, bytesOf(newData()), 'PX', DAY_MS)
      setCookie(reply, id)
      return 'ok'
    })
    app.get('/S5', async (request, reply) => {
      const old = cookieValue(request)
      const data = dataOf(await client.getBuffer(old))
      data.visits += 1
      const id = newId()
      await client.set(id, bytesOf(data), 'PX', DAY_MS)
      await client.del(old)
      setCookie(reply, id)
      return 'ok'
    })
    return app
  }
}
