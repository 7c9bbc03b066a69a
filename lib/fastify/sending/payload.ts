import { EventEmitter } from 'node:events'

/** Whether the payload is a web `Response`, of any realm. */
export function isResponse(payload: unknown): payload is Response {
  return typeof payload === 'object' && Object.prototype.toString.call(payload) === '[object Response]'
}

/** Whether the payload goes on after the headers, because it is neither text nor bytes. */
export function isStream(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && !ArrayBuffer.isView(payload)
}

/**
 * Listens for errors of a stream while `finishing` runs, because Fastify listens only afterwards. Without a listener, an
 * error would end the process. Some streams do not keep their error (readable-stream 3, a legacy stream), so their request
 * would never be answered.
 *
 * @returns the result of `finishing`
 * @throws the error of the stream
 */
export function orFailureOf<T>(payload: unknown, finishing: Promise<T>): Promise<T> {
  if (!(payload instanceof EventEmitter)) return finishing
  const failures: unknown[] = []
  const note = (failure: unknown) => void failures.push(failure)
  payload.on('error', note)
  return finishing.then((result) => {
    if (failures.length > 0) throw failures[0]
    // A stream that is not sent keeps this listener, because it may fail again.
    payload.off('error', note)
    return result
  })
}

/** The response with one more header. A response of fetch() has immutable headers, so the result is a new response. */
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
