import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { SessionUnavailableError, withFixedMessage } from '../errors.ts'
import type { CookieAction, CookieWriter } from '../http/cookie.ts'
import { varyOnCookie, withoutCookie } from '../http/headers.ts'
import { isLocalHost } from '../http/local-host.ts'
import type { RequestSession } from '../lifecycle/request-session.ts'
import { report } from '../report.ts'
import { firstChunkOf } from './sending/first-chunk.ts'
import { type Done, whileSending } from './sending/held-reply.ts'
import { discard, isResponse, isStream, orFailureOf } from './sending/payload.ts'
import { keepOutOfCaches, keepRawOutOfCaches, oneOrList, setHeader, stopTargeted } from './sending/reply-headers.ts'

/** What a header says of the payload that was to be sent is not true of the error, and @fastify/etag would answer 304. */
const OF_THE_PAYLOAD = [
  'etag',
  'last-modified',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-disposition',
  'accept-ranges'
] as const

type HeaderValue = ReturnType<FastifyReply['getHeader']>

/** What a response does for its session: the commit, and the headers that follow from it. */
export class SessionResponse {
  readonly #writer: CookieWriter
  readonly #secure: boolean | 'auto'
  #warned = false

  constructor(writer: CookieWriter, secure: boolean | 'auto') {
    this.#writer = writer
    this.#secure = secure
  }

  /**
   * Runs before the headers go out. Commits once, however often Fastify runs its hook for one response.
   * @param done the hook's callback: gets the payload to send, or what the commit failed with, under a message that may be
   *   shown
   */
  finish(held: RequestSession, request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void {
    const chunk = isLate(held, request, reply, payload) ? firstChunkOf(payload, reply.raw) : undefined
    const toSend = chunk?.payload ?? payload
    const commit = this.#begin(held, reply, payload)
    const finished = () => {
      chunk?.arrive()
      return this.#withHeaders(held, request, reply, toSend)
    }
    // In the same turn where it can be: most responses only read their session.
    if (commit === undefined) {
      done(null, finished())
      return
    }
    const failed = (failure: unknown) => {
      const sent = finished()
      held.dropped = true
      const error = withFixedMessage(failure)
      report(request.log, 'error', error.code, { err: failure }, 'the session could not be committed')
      // The handler has begun the response itself: it is too late for another.
      if (reply.raw.headersSent) return sent
      throw this.#fail(error, reply, toSend)
    }
    const committed = chunk === undefined ? commit : commit.then(() => held.checkCookie(chunk))
    whileSending(reply, orFailureOf(payload, committed.then(finished, failed)), done)
  }

  /**
   * Who answers errors himself sends the status, but not the headers of an error.
   * @returns the payload to send
   */
  withRetryAfter({ unavailable }: RequestSession, reply: FastifyReply, payload: unknown): unknown {
    if (unavailable === null || statusOf(reply, payload) !== 503) return payload
    const retryAfter = unavailable.headers['retry-after']
    return setHeader(reply, payload, 'retry-after', (own) => String(own ?? retryAfter))
  }

  /**
   * For a request that has no session, although it asked for one.
   * @returns the payload to send
   */
  finishUnloaded(held: RequestSession, request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
    const { unavailable } = held
    if (unavailable !== null && statusOf(reply, payload) < 500) {
      const message = 'the session could not be loaded, and the response went out as if nothing had happened'
      report(request.log, 'warn', unavailable.code, { err: unavailable }, message)
    }
    return this.withRetryAfter(held, reply, payload)
  }

  #begin(held: RequestSession, reply: FastifyReply, payload: unknown): Promise<void> | undefined {
    if (held.settled) return undefined
    held.settled = true
    held.streams = isStream(payload)
    held.dropped = statusOf(reply, payload) >= 500
    return held.dropped ? undefined : held.finish(() => reply.raw.headersSent)
  }

  #withHeaders(held: RequestSession, request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
    const sent = setHeader(reply, this.withRetryAfter(held, reply, payload), 'vary', varyOnCookie)
    if (held.action.kind === 'none' && !held.announced) return sent
    // What was announced may be worth nothing any more: the session has ended since.
    const lines = this.#lines(held.action, reply.getHeader('set-cookie'), request)
    reply.removeHeader('set-cookie')
    if (lines.length > 0) reply.header('set-cookie', oneOrList(lines))
    return held.action.kind === 'none' ? sent : keepOutOfCaches(reply, sent)
  }

  /**
   * Puts the cookie on the raw response, for one that Fastify does not send (`reply.hijack()`).
   * @returns its Set-Cookie line
   */
  announce(action: CookieAction, request: FastifyRequest, reply: FastifyReply): string | undefined {
    const { raw } = reply
    const current = raw.getHeader('set-cookie')
    const lines = this.#lines(action, current, request)
    const own = reply.getHeader('set-cookie')
    if (own !== current) {
      // For reply.raw.writeHead(200, reply.getHeaders()), where the reply's own would take the place of the raw ones.
      reply.removeHeader('set-cookie')
      reply.header('set-cookie', oneOrList(this.#lines(action, own, request)))
    }
    raw.setHeader('set-cookie', oneOrList(lines))
    keepRawOutOfCaches(reply)
    return lines.at(-1)
  }

  #lines(action: CookieAction, current: HeaderValue, request: FastifyRequest): string[] {
    const others = withoutCookie(current, this.#writer.isSame)
    if (action.kind === 'none') return others
    const secure = this.#isSecure(request)
    const { issue, clear } = this.#writer
    return [...others, action.kind === 'issue' ? issue(action.value, action.maxAge, secure) : clear(secure)]
  }

  #isSecure(request: FastifyRequest): boolean {
    if (this.#secure === 'auto') return request.protocol === 'https'
    if (this.#secure && !this.#warned && request.protocol !== 'https' && !isLocalHost(request.hostname)) {
      this.#warned = true
      const message =
        "a Secure session cookie was sent over plain HTTP, and browsers keep it only on localhost: serve HTTPS, set Fastify's trustProxy behind a proxy that does, or, for development, set the option `cookie: { secure: 'auto' }`"
      report(request.log, 'warn', 'FST_SESSION_INSECURE', {}, message)
    }
    return this.#secure
  }

  /** The status is set here, because Fastify would keep an earlier 404. */
  #fail(error: FastifyError, reply: FastifyReply, payload: unknown): Error {
    reply.code(Number(error.statusCode))
    for (const name of OF_THE_PAYLOAD) reply.removeHeader(name)
    reply.header('cache-control', 'no-store')
    stopTargeted(reply)
    if (error instanceof SessionUnavailableError) reply.headers(error.headers)
    discard(payload)
    return error
  }
}

/**
 * Whether the headers go out later than the commit, with a cookie for the same id: they wait for the first chunk. By then
 * another request may have given the session a new id, and the browser must not get the old one back.
 */
function isLate(held: RequestSession, request: FastifyRequest, reply: FastifyReply, payload: unknown): boolean {
  // Where the client has gone already, nothing would ever tell that the wait is over.
  if (!isStream(payload) || held.settled || reply.raw.destroyed || !held.mayReissue) return false
  return request.method !== 'HEAD' && reply.statusCode !== 204
}

/** Of a web `Response`, its own counts. */
const statusOf = (reply: FastifyReply, payload: unknown): number =>
  isResponse(payload) ? payload.status : reply.statusCode
