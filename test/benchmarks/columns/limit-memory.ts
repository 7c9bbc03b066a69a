import Fastify from 'fastify'
import { type BenchData, newData } from '../session-data.ts'
import type { Column } from './column.ts'
import { cookieValue, LIMIT_EFFECTS, newId, setCookie } from './limit.ts'

const bytesOf = (data: BenchData): Buffer => Buffer.from(JSON.stringify(data))
const dataOf = (bytes: Buffer | undefined): BenchData => JSON.parse(bytes === undefined ? '{}' : bytes.toString())

/** By hand, over a Map of bytes. */
export const limitInMemory: Column = {
  name: 'by hand, a Map',
  effects: LIMIT_EFFECTS,
  keepsSessions: true,
  async open({ counted }) {
    const app = Fastify()
    const store = counted(new Map<string, Buffer>())
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', (request, reply) => {
      reply.send(String(dataOf(store.get(cookieValue(request))).visits))
    })
    app.get('/S2', (request, reply) => {
      const id = cookieValue(request)
      const data = dataOf(store.get(id))
      data.visits += 1
      store.set(id, bytesOf(data))
      reply.send('ok')
    })
    app.get('/S3', (_request, reply) => {
      const id = newId()
      store.set(id, bytesOf(newData()))
      setCookie(reply, id)
      reply.send('ok')
    })
    app.get('/S5', (request, reply) => {
      const old = cookieValue(request)
      const data = dataOf(store.get(old))
      data.visits += 1
      const id = newId()
      store.set(id, bytesOf(data))
      store.delete(old)
      setCookie(reply, id)
      reply.send('ok')
    })
    return app
  }
}
