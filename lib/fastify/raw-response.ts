import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CookieAction } from '../http/cookie.ts'
import { isTargetedCaching, withoutSharedCaching } from '../http/headers.ts'
import type { CookieOutlet } from '../lifecycle/outcome.ts'
import type { AnnouncedHeaders } from './lost-changes.ts'
import type { SessionResponse } from './response.ts'

/** The raw response's headers: what a handler's own `save()` has to put its cookie in, in case Fastify sends nothing. */
export class RawHeaders implements CookieOutlet, AnnouncedHeaders {
  readonly #response: SessionResponse
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  /** The Set-Cookie line that was put there last. */
  #line: string | undefined

  constructor(response: SessionResponse, request: FastifyRequest, reply: FastifyReply) {
    this.#response = response
    this.#request = request
    this.#reply = reply
  }

  get isOpen(): boolean {
    return !this.#reply.raw.headersSent && !isUpgrade(this.#request)
  }

  announce(action: CookieAction): void {
    this.#line = this.#response.announce(action, this.#request, this.#reply)
  }

  problem(): string | undefined {
    const { raw } = this.#reply
    if (this.#line === undefined || !raw.headersSent) return undefined
    if (![raw.getHeader('set-cookie')].flat().includes(this.#line)) {
      return "The session cookie was put on reply.raw, and something has replaced or removed it: add cookies with `reply.raw.appendHeader('set-cookie', ...)`, not with setHeader() or writeHead()"
    }
    const caching = raw.getHeader('cache-control')
    if (withoutSharedCaching(caching) !== caching) {
      return "The response sets the session cookie, and its Cache-Control lets shared caches keep it: set 'no-store' or 'private' on reply.raw, or nothing"
    }
    const targeted = raw.getHeaderNames().find((name) => isTargetedCaching(name, raw.getHeader(name)))
    if (targeted === undefined) return undefined
    return `The response sets the session cookie, and its header "${targeted}" lets shared caches keep it: remove that header from reply.raw`
  }
}

/** The answer to a WebSocket handshake takes no headers of the response. */
function isUpgrade({ raw }: FastifyRequest): boolean {
  // Node says so of what it has handed over; a request that was made for a test, as injectWS() does, has only the header.
  const { upgrade } = raw as { upgrade?: boolean | null }
  return upgrade ?? raw.headers.upgrade?.toLowerCase() === 'websocket'
}
