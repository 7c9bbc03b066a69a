import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'

interface Socket extends EventEmitter {
  send(message: string): void
  terminate(): void
}

/** Of @fastify/websocket's dependency `ws`, which has no types of its own. */
export const WebSocket = createRequire(import.meta.url)('ws') as new (
  url: string,
  options: { headers: { cookie: string } }
) => Socket
