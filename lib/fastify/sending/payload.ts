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
 * Listens to a stream that is to be sent after `finishing`: Fastify does so only then. What a stream failed with while
 * nobody listened would end the process, and one that does not keep it (readable-stream 3, a legacy stream) would never
 * be answered.
 *
 * @returns what `finishing` comes to
 * @throws what the stream has failed with
 */
export function orFailureOf<T>(payload: unknown, finishing: Promise<T>): Promise<T> {
  if (!(payload instanceof EventEmitter)) return finishing
  const failures: unknown[] = []
  const note = (failure: unknown) => void failures.push(failure)
  payload.on('error', note)
  return finishing.then((result) => {
    if (failures.length > 0) throw failures[0]
    // One that is not sent is listened to for good: it may go on failing.
    payload.off('error', note)
    return result
  })
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
