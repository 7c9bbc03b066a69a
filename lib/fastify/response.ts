import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { MaybePromise } from '../base/when.ts'
import { SessionUnavailableError, withFixedMessage } from '../errors.ts'
import type { CookieValue } from '../http/cookie.ts'
import { varyOnCookie } from '../http/headers.ts'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import type { InFlight } from '../lifecycle/order/in-flight.ts'
import type { CookieOutlet, Outcome } from '../lifecycle/outcome.ts'
import { RequestSession } from '../lifecycle/request-session.ts'
import { report } from '../report.ts'
import { isUpgrade, problemOf, putOnRaw } from './raw-response.ts'
import { type FirstChunk, firstChunkOf } from './sending/first-chunk.ts'
import { type Done, whileSending } from './sending/held-reply.ts'
import { discard, isResponse, isStream, orFailureOf } from './sending/payload.ts'
import { keepOutOfCaches, setHeader, stopTargeted } from './sending/reply-headers.ts'
import { oneOrList, type SetCookie } from './set-cookie.ts'

/**
 * If an error replaces the payload, the payload's headers must go. Otherwise @fastify/etag would answer 304 to an
 * error.
 */
const PAYLOAD_HEADERS = [
  'etag',
  'last-modified',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-disposition',
  'accept-ranges'
] as const

/** The objects that all responses of one registration share. */
export interface SessionServices {
  readonly lifecycle: Lifecycle
  readonly inFlight: InFlight
  readonly setCookie: SetCookie
}

/** One response. Commits the session of its request, and sets the headers that result from the commit. */
export class SessionResponse implements CookieOutlet {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly requestSession: RequestSession
  readonly #setCookie: SetCookie
  /** The commit runs only once, even if Fastify runs the onSend hook several times. */
  commitHasBegun = false
  /** The payload is a stream, so the body continues after the headers have gone out. */
  isStreaming = false
  /**
   * The plugin deliberately does not store the session: the response is an error, or the browser has a newer session.
   */
  isDropped = false
  /** The Set-Cookie line that the handler's last save() or destroy() has put on the raw response. */
  #announced: string | undefined

  constructor(services: SessionServices, requestCookie: CookieValue, request: FastifyRequest, reply: FastifyReply) {
    this.request = request
    this.reply = reply
    this.#setCookie = services.setCookie
    this.requestSession = new RequestSession(services.lifecycle, requestCookie, request.log, services.inFlight, this)
  }

  get canSendCookie(): boolean {
    return !this.reply.raw.headersSent && (this.commitHasBegun || !isUpgrade(this.request))
  }

  announce(outcome: Outcome): void {
    this.#announced = putOnRaw(this.#setCookie, outcome, this.request, this.reply)
  }

  onceClosed(listener: () => void): () => void {
    // The response of a WebSocket never ends, but its connection does.
    const closing = isUpgrade(this.request) ? this.request.raw.socket : this.reply.raw
    closing.once('close', listener)
    return () => closing.off('close', listener)
  }

  /** The problem with announced headers, if Fastify did not send the response. `undefined` if there is no problem. */
  get problem(): string | undefined {
    return this.commitHasBegun || this.#announced === undefined ? undefined : problemOf(this.reply, this.#announced)
  }

  /**
   * Runs before the headers go out.
   * @param done the hook's callback. Gets the payload to send. If the commit fails, gets an error that clients may see
   */
  finish(payload: unknown, done: Done): void {
    if (this.requestSession.session === null) {
      done(null, this.#finishUnloaded(payload))
      return
    }
    // Fetching the first chunk runs code of the stream. If that code changes the session, the commit stores the change.
    const chunk = this.#isLate(payload) ? firstChunkOf(payload, this.reply.raw) : undefined
    const toSend = chunk?.payload ?? payload
    const outcome = this.#beginCommit(payload)
    // Most responses have nothing to wait for, so they continue in the same turn of the event loop. A changed session with
    // a stream waits all the same, because the headers of a stream go out later.
    if (outcome === undefined || !(outcome instanceof Promise || isStream(payload))) {
      chunk?.stopWaiting()
      this.#noteSuperseded(outcome)
      done(null, this.#withHeaders(toSend))
      return
    }
    const afterCommit = async (): Promise<unknown> => {
      try {
        this.#noteSuperseded(await outcome)
        if (chunk !== undefined) await this.#checkCookie(chunk)
      } catch (failure) {
        return this.#failed(failure, toSend)
      } finally {
        chunk?.stopWaiting()
      }
      return this.#withHeaders(toSend)
    }
    whileSending(this.reply, orFailureOf(payload, afterCommit()), done)
  }

  #noteSuperseded(outcome: Outcome | undefined): void {
    if (outcome?.kind === 'superseded') this.isDropped = true
  }

  /** @returns `undefined` if there is nothing to commit */
  #beginCommit(payload: unknown): MaybePromise<Outcome> | undefined {
    if (this.commitHasBegun) return undefined
    this.commitHasBegun = true
    this.isStreaming = isStream(payload)
    this.isDropped = this.#statusOf(payload) >= 500
    if (this.isDropped) return undefined
    try {
      return this.requestSession.finish()
    } catch (error) {
      // A promise, because an error handler may take its time. Until then, the reply must count as sent.
      return Promise.reject(error)
    }
  }

  /** Finishes a response without a session. If the store was unavailable, the response says when to try again. */
  #finishUnloaded(payload: unknown): unknown {
    const { unavailable } = this.requestSession
    if (unavailable !== null && this.#statusOf(payload) < 500) {
      const message = 'the session could not be loaded, but the response is not an error'
      report(this.request.log, 'warn', unavailable.code, { err: unavailable }, message)
    }
    return this.#withRetryAfter(payload)
  }

  /** A custom error handler sends our 503 but not our Retry-After header, so add the header here. */
  #withRetryAfter(payload: unknown): unknown {
    const { unavailable } = this.requestSession
    if (unavailable === null || this.#statusOf(payload) !== 503) return payload
    const retryAfter = unavailable.headers['retry-after']
    return setHeader(this.reply, payload, 'retry-after', (own) => String(own ?? retryAfter))
  }

  #withHeaders(payload: unknown): unknown {
    const { reply } = this
    const { outcome } = this.requestSession
    const toSend = setHeader(reply, this.#withRetryAfter(payload), 'vary', varyOnCookie)
    if (outcome.kind === 'none' && this.#announced === undefined) return toSend
    // If a cookie was announced and the outcome is `none` now, remove the cookie. Its session has ended meanwhile.
    const lines = this.#setCookie.lines(outcome, reply.getHeader('set-cookie'), this.request)
    reply.removeHeader('set-cookie')
    if (lines.length > 0) reply.header('set-cookie', oneOrList(lines))
    return outcome.kind === 'none' ? toSend : keepOutOfCaches(reply, toSend)
  }

  /**
   * Whether the headers may go out after the commit, with a cookie for the same id. The headers of a stream go out with
   * its first chunk. Before that, another request may rotate the session. Then the browser must not get the old id
   * back.
   */
  #isLate(payload: unknown): boolean {
    const { raw, statusCode } = this.reply
    // If the client has disconnected already, no event would end the wait.
    if (!isStream(payload) || this.commitHasBegun || raw.destroyed || !this.requestSession.mayIssueAgain) return false
    return this.request.method !== 'HEAD' && statusCode !== 204
  }

  /** @param chunk `null` if the plugin cannot find out when the headers go out */
  async #checkCookie(chunk: FirstChunk | null): Promise<void> {
    const { requestSession } = this
    if (!requestSession.issuesAgain || chunk?.isOver) return
    if (chunk === null) return requestSession.withhold()
    await chunk.over
    await requestSession.withholdUnlessThere()
  }

  #failed(failure: unknown, payload: unknown): unknown {
    const { request, reply } = this
    const toSend = this.#withHeaders(payload)
    this.isDropped = true
    const error = withFixedMessage(failure)
    report(request.log, 'error', error.code, { err: failure }, 'the session could not be committed')
    // The handler has begun the response itself, so an error would come too late.
    if (reply.raw.headersSent) return toSend
    throw this.#asError(error, payload)
  }

  /** Sets the status here, because Fastify would keep an earlier 404. */
  #asError(error: FastifyError, payload: unknown): Error {
    const { reply } = this
    reply.code(Number(error.statusCode))
    for (const name of PAYLOAD_HEADERS) reply.removeHeader(name)
    reply.header('cache-control', 'no-store')
    stopTargeted(reply)
    if (error instanceof SessionUnavailableError) reply.headers(error.headers)
    discard(payload)
    return error
  }

  /** If the payload is a web `Response`, its status replaces the status of the reply. */
  #statusOf(payload: unknown): number {
    return isResponse(payload) ? payload.status : this.reply.statusCode
  }
}
