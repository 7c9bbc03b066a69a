import type { DefaultData } from '../types/session.ts'
import type { App, InjectedResponse, TestUser, WhichSession } from '../types/testing.ts'
import { ownOptions } from './checks/option-names.ts'
import { SessionOptionsError } from './errors.ts'
import { namesIn } from './fastify/conflicts.ts'
import { keyOf, type Registration, registrationIn } from './fastify/registration.ts'
import { type CookieValue, findCookies } from './http/cookie.ts'
import { RequestSession } from './lifecycle/request-session.ts'
import type { Log } from './settings.ts'

export type * from '../types/testing.ts'

/**
 * Stores a session with these data, in the store of the application and with its options. A test then sends the cookie:
 *
 * ```ts
 * const cookie = await sessionCookie(app, { user: 'ada' })
 * await app.inject({ url: '/', headers: { cookie } })
 * ```
 *
 * @param app the instance on which the plugin is registered, or a scope below it. The function makes it ready, as
 *   `app.inject()` does
 * @param data the data of the session
 * @param which the session, if the application has several. With `userId`, the session belongs to that user
 * @returns the Cookie header. Join the headers of several sessions with `'; '`
 * @throws `FST_SESSION_OPTIONS` if there is no such session, or there are no data. All errors of `session.save()`
 */
export async function sessionCookie<D extends object = DefaultData>(
  app: App,
  data: NoInfer<D>,
  which: WhichSession & TestUser = {}
): Promise<string> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new SessionOptionsError('sessionCookie() takes the data of the session: an object')
  }
  const registration = await registrationOf(app, which, ['name', 'userId', 'label'])
  const { userId, label } = which
  const requestSession = requestSessionOf(registration, undefined, app.log)
  const session = await requestSession.load()
  for (const [key, value] of Object.entries(data)) session.set(key, value)
  if (userId !== undefined) session.bindTo(userId, { label })
  await session.save()
  const { outcome } = requestSession
  if (outcome.kind === 'issue') return `${registration.settings.cookieName}=${outcome.value}`
  throw new SessionOptionsError('sessionCookie() needs data: an empty session has no cookie, so send none')
}

/**
 * Reads the session after a response, as the next request of that browser would find it. It uses the cookie that the
 * response set, or else the cookie that the request sent.
 *
 * @param app the instance on which the plugin is registered, or a scope below it
 * @param response the result of `await app.inject()`
 * @param which the session, if the application has several
 * @returns a copy of the data, or an empty object if there is no session or the response cleared the cookie
 * @throws `FST_SESSION_OPTIONS` if there is no such session. `FST_SESSION_STORE` if the store or the encryptor failed
 */
export async function readSession<D extends object = DefaultData>(
  app: App,
  response: InjectedResponse,
  which: WhichSession = {}
): Promise<D> {
  const registration = await registrationOf(app, which)
  const session = await requestSessionOf(
    registration,
    cookieLeft(response, registration.settings.cookieName),
    app.log
  ).load()
  return session.data() as D
}

async function registrationOf(app: App, which: WhichSession, options = ['name']): Promise<Registration> {
  if (typeof app?.ready !== 'function') throw new SessionOptionsError('the first argument must be the application')
  const { name = 'session' } = ownOptions('which session', which, options)
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

/** `app.ready()` has to get a callback, because without one it fails on a scope that is ready already (avvio 9). */
const ready = (app: App): Promise<void> =>
  new Promise((resolve, reject) => {
    app.ready((error) => (error === null || error === undefined ? resolve() : reject(error)))
  })

const requestSessionOf = ({ lifecycle, inFlight }: Registration, cookie: CookieValue, log: Log): RequestSession =>
  new RequestSession(lifecycle, cookie, log, inFlight, { canSendCookie: true, commitHasBegun: false, announce() {} })

function cookieLeft(response: InjectedResponse, name: string): CookieValue {
  if (response?.raw?.req === undefined) {
    throw new SessionOptionsError('readSession() takes the result of `await app.inject(...)`')
  }
  const { headers, raw } = response
  const lines = [headers['set-cookie'] ?? []].flat().map(String)
  const set = lines.findLast((line) => line.startsWith(`${name}=`))
  return findCookies(set?.split(';', 1)[0] ?? raw.req.headers.cookie, name)
}
