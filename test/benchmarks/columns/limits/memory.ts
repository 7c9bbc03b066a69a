import Fastify from 'fastify'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column } from '../column.ts'
import { cookieValue, DAY, LIMIT, newId, setCookie } from './limit.ts'

interface Entry {
  bytes: Buffer
  expires: number
}

const entryOf = (data: BenchData): Entry => ({ bytes: Buffer.from(JSON.stringify(data)), expires: Date.now() + DAY })
const dataOf = (entry: Entry | undefined): BenchData => JSON.parse(entry === undefined ? '{}' : entry.bytes.toString())

/** Written by hand, with a Map of bytes as the store. */
export const limitInMemory: Column = {
  ...LIMIT,
  name: 'by hand, a Map',
  async open({ counted, newData }) {
    const app = Fastify()
    const store = counted(new Map<string, Entry>())
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
      store.set(id, entryOf(data))
      reply.send('ok')
    })
    app.get('/S3', (_request, reply) => {
      const id = newId()
      store.set(id, entryOf(newData()))
      setCookie(reply, id)
      reply.send('ok')
    })
    app.get('/S4', (request, reply) => {
      const id = cookieValue(request)
      const entry = store.get(id)
      if (entry !== undefined) entry.expires = Date.now() + DAY
      setCookie(reply, id)
      reply.send(String(dataOf(entry).visits))
    })
    app.get('/S5', (request, reply) => {
      const old = cookieValue(request)
      const data = dataOf(store.get(old))
      data.visits += 1
      const id = newId()
      store.set(id, entryOf(data))
      store.delete(old)
      setCookie(reply, id)
      reply.send('ok')
    })
    return fastifyApplication(app)
  }
}
