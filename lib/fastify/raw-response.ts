import type { FastifyReply, FastifyRequest } from 'fastify'
import { isTargetedCaching, withoutSharedCaching } from '../http/headers.ts'
import type { Outcome } from '../lifecycle/outcome.ts'
import { keepRawOutOfCaches } from './sending/reply-headers.ts'
import { oneOrList, type SetCookie } from './set-cookie.ts'

/**
 * Puts the cookie on the raw response, because Fastify may not send the response (`reply.hijack()`).
 * @returns the Set-Cookie line of the cookie
 */
export function putOnRaw(
  cookie: SetCookie,
  outcome: Outcome,
  request: FastifyRequest,
  reply: FastifyReply
): string | undefined {
  const { raw } = reply
  const onRaw = raw.getHeader('set-cookie')
  const lines = cookie.lines(outcome, onRaw, request)
  const onReply = reply.getHeader('set-cookie')
  if (onReply !== onRaw) {
    // With reply.raw.writeHead(200, reply.getHeaders()), the headers of the reply replace the raw ones.
    reply.removeHeader('set-cookie')
    reply.header('set-cookie', oneOrList(cookie.lines(outcome, onReply, request)))
  }
  raw.setHeader('set-cookie', oneOrList(lines))
  keepRawOutOfCaches(reply)
  return lines.at(-1)
}

/**
 * Checks the headers that were put on a raw response.
 * @param line the Set-Cookie line that was put there
 * @returns the problem. `undefined` if the headers went out unchanged, or have not gone out yet
 */
export function problemOf({ raw }: FastifyReply, line: string): string | undefined {
  if (!raw.headersSent) return undefined
  if (![raw.getHeader('set-cookie')].flat().includes(line)) {
    return "The session cookie was put on reply.raw, and something has replaced or removed it: add cookies with `reply.raw.appendHeader('set-cookie', ...)`, not with setHeader() or writeHead()"
  }
  const caching = raw.getHeader('cache-control')
  if (withoutSharedCaching(caching) !== caching) {
    return "The response sets the session cookie, and its Cache-Control lets shared caches keep it: set it to 'no-store' or 'private' on reply.raw, or remove it"
  }
  const targeted = raw.getHeaderNames().find((name) => isTargetedCaching(name, raw.getHeader(name)))
  if (targeted === undefined) return undefined
  return `The response sets the session cookie, and its header "${targeted}" lets shared caches keep it: remove that header from reply.raw`
}

/** Whether the request is a WebSocket handshake. The answer to a handshake does not have the headers of the reply. */
export function isUpgrade({ raw }: FastifyRequest): boolean {
  // Node sets `upgrade` on a real handshake. A request made for a test, as by injectWS(), has only the header.
  const { upgrade } = raw as { upgrade?: boolean | null }
  return upgrade ?? raw.headers.upgrade?.toLowerCase() === 'websocket'
}
