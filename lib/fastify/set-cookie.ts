import type { FastifyRequest } from 'fastify'
import type { CookieWriter } from '../http/cookie.ts'
import { type HeaderValue, withoutCookie } from '../http/headers.ts'
import { isLocalHost } from '../http/local-host.ts'
import type { Outcome } from '../lifecycle/outcome.ts'
import { report } from '../report.ts'

/** The Set-Cookie header of one registration. */
export class SetCookie {
  readonly #writer: CookieWriter
  readonly #secure: boolean | 'auto'
  #hasWarned = false

  constructor(writer: CookieWriter, secure: boolean | 'auto') {
    this.#writer = writer
    this.#secure = secure
  }

  /**
   * @param current the header so far
   * @returns the lines of the header. The session's cookie is last, and takes the place of an earlier line for that cookie
   */
  lines(outcome: Outcome, current: HeaderValue, request: FastifyRequest): string[] {
    const others = withoutCookie(current, this.#writer.isSame)
    if (outcome.kind === 'issue') {
      return [...others, this.#writer.issue(outcome.value, outcome.maxAge, this.#isSecure(request))]
    }
    return outcome.kind === 'clear' ? [...others, this.#writer.clear(this.#isSecure(request))] : others
  }

  #isSecure(request: FastifyRequest): boolean {
    if (this.#secure === 'auto') return request.protocol === 'https'
    if (this.#secure && !this.#hasWarned && request.protocol !== 'https' && !isLocalHost(request.hostname)) {
      this.#hasWarned = true
      const message =
        "a Secure session cookie was sent over plain HTTP, and browsers keep it only on localhost: serve HTTPS, set Fastify's trustProxy behind a proxy that does, or, for development, set the option `cookie: { secure: 'auto' }`"
      report(request.log, 'warn', 'FST_SESSION_INSECURE', {}, message)
    }
    return this.#secure
  }
}

/** One line is text, as in node:http, because programs and tests with one cookie expect text. */
export const oneOrList = (lines: string[]): string | string[] => (lines.length === 1 ? (lines[0] as string) : lines)
