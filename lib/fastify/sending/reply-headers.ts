import type { FastifyReply } from 'fastify'
import {
  type HeaderValue,
  isForSharedCaches,
  withoutSharedCaching,
  withoutTargetedCaching
} from '../../http/headers.ts'
import { isResponse, withHeader } from './payload.ts'

/**
 * Sets a header on the reply. If the payload is a web `Response` with that header, sets it there, because Fastify prefers
 * the headers of a `Response`.
 * @returns the payload to send
 */
export function setHeader(
  reply: FastifyReply,
  payload: unknown,
  name: string,
  valueFor: (current: HeaderValue) => string
): unknown {
  const own = isResponse(payload) ? payload.headers.get(name) : null
  if (own === null) {
    reply.header(name, valueFor(reply.getHeader(name)))
    return payload
  }
  return withHeader(payload as Response, name, valueFor(own))
}

/**
 * Keeps shared caches from storing a response that sets the session cookie.
 * @returns the payload to send
 */
export function keepOutOfCaches(reply: FastifyReply, payload: unknown): unknown {
  let sent = setHeader(reply, payload, 'cache-control', withoutSharedCaching)
  stopTargeted(reply)
  if (!isResponse(payload)) return sent
  for (const name of [...payload.headers.keys()].filter(isForSharedCaches)) {
    sent = withHeader(sent as Response, name, withoutTargetedCaching(name, payload.headers.get(name) as string))
  }
  return sent
}

/** Replaces the headers of the reply that only some shared caches read. */
export function stopTargeted(reply: FastifyReply): void {
  for (const name in reply.getHeaders()) {
    if (isForSharedCaches(name)) reply.header(name, withoutTargetedCaching(name, reply.getHeader(name)))
  }
}

/**
 * Keeps shared caches from storing a raw response that sets the session cookie. Its headers may also go out by
 * `raw.writeHead(200, reply.getHeaders())`.
 */
export function keepRawOutOfCaches(reply: FastifyReply): void {
  const { raw } = reply
  raw.setHeader('cache-control', withoutSharedCaching(raw.getHeader('cache-control')))
  for (const name of raw.getHeaderNames()) {
    if (isForSharedCaches(name)) raw.setHeader(name, withoutTargetedCaching(name, raw.getHeader(name)))
  }
  keepOutOfCaches(reply, undefined)
}
