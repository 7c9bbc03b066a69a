import type { Redis } from 'ioredis'
import type { NodeRedis } from '../column.ts'
import { DAY } from './limit.ts'

/** The four Redis commands that sessions need. */
export interface Commands {
  get(id: string): Promise<string | null>
  getAndProlong(id: string): Promise<string | null>
  set(id: string, text: string): Promise<unknown>
  del(id: string): Promise<unknown>
}

export const ofIoredis = (client: Redis): Commands => ({
  get: (id) => client.get(id),
  getAndProlong: (id) => client.getex(id, 'PX', DAY),
  set: (id, text) => client.set(id, text, 'PX', DAY),
  del: (id) => client.del(id)
})

export const ofNodeRedis = (client: NodeRedis): Commands => ({
  get: (id) => client.get(id),
  getAndProlong: (id) => client.getEx(id, { type: 'PX', value: DAY }),
  set: (id, text) => client.set(id, text, { expiration: { type: 'PX', value: DAY } }),
  del: (id) => client.del(id)
})
