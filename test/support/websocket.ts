import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'

interface Socket extends EventEmitter {
  send(message: string): void
  terminate(): void
}

/** The client of `ws`, a dependency of @fastify/websocket. It has no types. */
export const WebSocket = createRequire(import.meta.url)('ws') as new (
  url: string,
  options: { headers: { cookie: string; origin?: string } }
) => Socket
