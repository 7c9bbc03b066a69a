import type { IncomingHttpHeaders } from 'node:http'
import type { DefaultData } from '../types/session.ts'
import { ownOptions } from './checks/option-names.ts'
import { SessionOptionsError } from './errors.ts'
import { namesIn } from './fastify/conflicts.ts'
import { keyOf, type Registration, registrationIn } from './fastify/registration.ts'
import { type CookieValue, findCookies } from './http/cookie.ts'
import { RequestSession } from './lifecycle/request-session.ts'
import type { Log } from './settings.ts'

/** What a test hands in: the application, or the scope in which the plugin is registered. */
export interface App {
  ready(callback: (error: Error | null) => void): unknown
  readonly log: Log
  readonly server: object
}

/** What `app.inject()` resolves to. */
export interface InjectedResponse {
  readonly headers: { readonly 'set-cookie'?: string | number | readonly string[] | undefined }
  readonly raw: { readonly req: { readonly headers: IncomingHttpHeaders } }
}

export interface WhichSession {
  /** The option `name` of its registration. @default 'session' */
  readonly name?: string
}

/**
 * Makes a session that holds `data`, in the application's own store and under its own options.
 *
 * @param app the instance on which the plugin is registered, or one below; it is made ready, as `app.inject()` does
 * @returns the Cookie header: `app.inject({ url, headers: { cookie } })`. Join several sessions with `'; '`
 * @throws `FST_SESSION_OPTIONS` when there is no such session, or there are no data; what storing it throws
 */
export async function sessionCookie<D extends object = DefaultData>(
  app: App,
  data: NoInfer<D>,
  which: WhichSession = {}
): Promise<string> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new SessionOptionsError('sessionCookie() takes the data of the session: an object')
  }
  const registration = await registrationOf(app, which)
  const held = holding(registration, undefined, app.log)
  const session = await held.load()
  for (const [key, value] of Object.entries(data)) session.set(key, value)
  await session.save()
  if (held.action.kind === 'issue') return `${registration.settings.cookieName}=${held.action.value}`
  throw new SessionOptionsError('sessionCookie() needs data: an empty session has no cookie, so send none')
}

/**
 * Reads what a response has left in the session, as the next request of that browser would find it: under the cookie that
 * it has set, or else under the one that the request brought.
 *
 * @param app as for `sessionCookie()`
 * @param response what `app.inject()` resolved to
 * @returns a copy of the data; without a session, or when the cookie was cleared, an empty object
 * @throws `FST_SESSION_OPTIONS` when there is no such session; `FST_SESSION_STORE`
 */
export async function readSession<D extends object = DefaultData>(
  app: App,
  response: InjectedResponse,
  which: WhichSession = {}
): Promise<D> {
  const registration = await registrationOf(app, which)
  const session = await holding(registration, cookieLeft(response, registration.settings.cookieName), app.log).load()
  return session.data() as D
}

async function registrationOf(app: App, which: WhichSession): Promise<Registration> {
  if (typeof app?.ready !== 'function') throw new SessionOptionsError('the first argument must be the application')
  const { name = 'session' } = ownOptions('which session', which, ['name'])
  await ready(app)
  const registration = registrationIn(app, keyOf(name))
  if (registration !== undefined) return registration
  const known = namesIn(app)
  throw new SessionOptionsError(
    known.length === 0
      ? 'fastify-starsessions is not registered in this scope: pass the instance that it is registered on'
      : `no session "${name}" is registered in this scope: known are ${known.join(', ')}`
  )
}

/** Without a callback, a scope that is ready already would fail (avvio 9). */
const ready = (app: App): Promise<void> =>
  new Promise((resolve, reject) => {
    app.ready((error) => (error === null || error === undefined ? resolve() : reject(error)))
  })

const holding = ({ manager, inFlight }: Registration, cookie: CookieValue, log: Log): RequestSession =>
  new RequestSession(manager, cookie, log, inFlight, { isOpen: true, announce() {} })

function cookieLeft(response: InjectedResponse, name: string): CookieValue {
  if (response?.raw?.req === undefined) {
    throw new SessionOptionsError('readSession() takes what app.inject() resolved to: `await app.inject(...)`')
  }
  const { headers, raw } = response
  const lines = [headers['set-cookie'] ?? []].flat().map(String)
  const set = lines.findLast((line) => line.startsWith(`${name}=`))
  return findCookies(set?.split(';', 1)[0] ?? raw.req.headers.cookie, name)
}
