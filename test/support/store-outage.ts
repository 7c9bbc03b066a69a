import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Answer, Handler } from './app.ts'

// What the tests of a server that fails have in common.

const UNAVAILABLE = {
  statusCode: 503,
  code: 'FST_SESSION_STORE',
  error: 'Service Unavailable',
  message: 'The session store is unavailable'
}

export const READ: Handler = (session) => session.data()
export const WRITE: Handler = (session) => void session.n++

/** An application whose store is on a server that fails. */
export interface Visits {
  /** Sends a request with the cookie of the session. */
  readonly send: (handler: Handler) => Promise<Answer>
  /** Sends a request without a cookie, which starts a session. */
  readonly login: () => Promise<Answer>
  readonly plain: () => Promise<unknown>
  readonly problems: () => string
}

/** Checks the answer of a request during the fault: 503, and the cookie is left alone. */
export function isUnavailable(t: Test, { status, body, headers, lines }: Answer, what: string): void {
  t.equal(status, 503, what)
  t.same(body, UNAVAILABLE, what)
  t.equal(headers['retry-after'], '5', what)
  t.same(lines, [], `${what}: the cookie is kept`)
}

/** Waits until the client has found the server again, without a restart of the application. */
export async function recovers({ send }: Pick<Visits, 'send'>): Promise<unknown> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { status, body } = await send(READ)
    if (status === 200) return body
    await sleep(50)
  }
  return 'it does not recover'
}

/** A fault of the server of a subject. */
export interface Fault<Subject> {
  readonly begin: (subject: Subject) => Promise<unknown>
  readonly end: (subject: Subject) => Promise<unknown>
  /** The cause in the log. It must match for each kind of client. */
  readonly cause: RegExp
  /** Reading still works during the fault. */
  readonly reads?: true
}
