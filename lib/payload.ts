import { EventEmitter } from 'node:events'

/** What the hook is handed as a payload, besides text and bytes: a web `Response`. */
export function isResponse(payload: unknown): payload is Response {
  return typeof payload === 'object' && Object.prototype.toString.call(payload) === '[object Response]'
}

/** Whether the payload goes on after the headers: neither text nor bytes. */
export function isStream(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && !ArrayBuffer.isView(payload)
}

/**
 * Keeps a stream that fails while nobody listens from ending the process: Fastify listens once all onSend hooks are done,
 * and answers a stream that has failed before then, too.
 */
export function holdErrors(payload: unknown): void {
  if (payload instanceof EventEmitter) payload.on('error', () => undefined)
}

/** The response with another header. One that came out of fetch() has immutable headers, and is made anew. */
export function withHeader(response: Response, name: string, value: string): Response {
  try {
    response.headers.set(name, value)
    return response
  } catch {
    const { status, statusText } = response
    const headers = new Headers(response.headers)
    headers.set(name, value)
    return new Response(response.body, { status, statusText, headers })
  }
}

/** Ends a stream that will not be sent. */
export function discard(payload: unknown): void {
  const stream = isResponse(payload) ? payload.body : payload
  if (typeof stream !== 'object' || stream === null) return
  if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
  else if ('cancel' in stream && typeof stream.cancel === 'function') stream.cancel().catch(() => undefined)
}
