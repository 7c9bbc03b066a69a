import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CookieAction } from './cookie.ts'
import type { CookieOutlet } from './request-session.ts'
import type { SessionResponse } from './response.ts'

/** The raw response's headers: what a handler's own `save()` has to put its cookie in, in case Fastify sends nothing. */
export class RawHeaders implements CookieOutlet {
  readonly #response: SessionResponse
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply

  constructor(response: SessionResponse, request: FastifyRequest, reply: FastifyReply) {
    this.#response = response
    this.#request = request
    this.#reply = reply
  }

  get isOpen(): boolean {
    return !this.#reply.raw.headersSent && !isUpgrade(this.#request)
  }

  announce(action: CookieAction): void {
    this.#response.announce(action, this.#request, this.#reply)
  }
}

/** The answer to a WebSocket handshake takes no headers of the response. */
function isUpgrade({ raw }: FastifyRequest): boolean {
  // Node says so of what it has handed over; a request that was made for a test, as injectWS() does, has only the header.
  const { upgrade } = raw as { upgrade?: boolean | null }
  return upgrade ?? raw.headers.upgrade?.toLowerCase() === 'websocket'
}
