import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Session } from '../../types/session.ts'
import { own } from '../base/own.ts'
import { SessionKeyError, SessionNotLoadedError, SessionOptionsError } from '../errors.ts'
import { findCookies } from '../http/cookie.ts'
import type { RequestSession } from '../lifecycle/request-session.ts'
import { report } from '../report.ts'
import { isCookieShared, leftBehind } from './conflicts.ts'
import { watchForLostChanges } from './lost-changes.ts'
import { keep, keyOf, type Registration, registrationIn, replyOf, responseOf } from './registration.ts'
import { SessionResponse } from './response.ts'

/** Members of Fastify's requests that `hasRequestDecorator()` of older versions does not know. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(['id', 'params', 'raw', 'query', 'log', 'body'])

/** The further members for a session of that name. Beside `admin`, a request has `loadAdmin` and `isAdminLoaded`. */
function membersOf(name: string): { load: string; isLoaded: string } {
  const capitalized = name.slice(0, 1).toUpperCase() + name.slice(1)
  return { load: `load${capitalized}`, isLoaded: `is${capitalized}Loaded` }
}

/**
 * Adds the members for a session of that name to the requests of a scope and of the scopes below it. Once is enough,
 * because each use looks up the registration.
 * @throws `FST_SESSION_OPTIONS` if one of the names is taken already
 */
export function decorate(fastify: FastifyInstance, name: string): void {
  const key = keyOf(name)
  if (registrationIn(fastify, key) !== undefined) return
  const { load: loadName, isLoaded } = membersOf(name)
  for (const member of [name, isLoaded, loadName]) {
    if (!OWN_MEMBERS.has(member) && !fastify.hasRequestDecorator(member)) continue
    throw new SessionOptionsError(
      `request.${member} is taken already, by Fastify or another plugin: set option "name" to another name, or remove that plugin`
    )
  }
  const registrationOf = (request: FastifyRequest) =>
    registrationIn(request.server, key) ?? leftBehind(request, fastify, name)
  fastify.decorateRequest(name, {
    getter(this: FastifyRequest): Session {
      const registration = registrationOf(this)
      const session = registration && responseOf(this, registration)?.requestSession.session
      if (session !== null && session !== undefined) return session
      // The hook that loads the session has not run yet, so the advice to use autoload would not help.
      if (registration === undefined || replyOf(this, registration) === null) throw tooEarly(`request.${name} was read`)
      throw new SessionNotLoadedError(loadName, name === 'session' ? 'true' : `['${name}']`)
    },
    // Without a setter, an assignment in sloppy mode does nothing. Code that meant it as a logout would leave the visitor
    // logged in.
    setter(): never {
      throw new SessionKeyError(
        `request.${name} cannot be assigned: to end the session, \`await request.${name}.destroy()\`; to change it, assign to its keys`
      )
    }
  })
  fastify.decorateRequest(isLoaded, {
    getter(this: FastifyRequest): boolean {
      const registration = registrationOf(this)
      return registration !== undefined && (responseOf(this, registration)?.requestSession.session ?? null) !== null
    }
  })
  fastify.decorateRequest(loadName, function (this: FastifyRequest): Promise<Session> {
    try {
      const registration = registrationOf(this)
      if (registration === undefined) throw tooEarly(`request.${loadName}() was called`)
      return requestSessionFor(this, registration).load()
    } catch (error) {
      const refused = Promise.reject(error)
      // If nobody waits for the promise, this mistake must not end the process.
      refused.catch(() => undefined)
      return refused
    }
  })
}

/** @throws `FST_SESSION_OPTIONS` if our hook has not run */
export const requestSessionFor = (request: FastifyRequest, registration: Registration): RequestSession =>
  (responseOf(request, registration) ?? open(request, registration)).requestSession

const tooEarly = (what: string): Error =>
  new SessionOptionsError(
    `${what} before the plugin's onRequest hook: register fastify-starsessions before the hooks, plugins and scopes that use it; a nested registration of the same name runs after the hooks around it`
  )

function open(request: FastifyRequest, registration: Registration): SessionResponse {
  const { settings, responseKey } = registration
  const reply = replyOf(request, registration)
  if (reply === null) {
    // Without our hooks nothing would be committed, and the change would be lost silently.
    throw tooEarly(`request.${membersOf(settings.name).load}() was called`)
  }
  const cookie = findCookies(own(request.raw.headers, 'cookie'), settings.cookieName)
  if (typeof cookie === 'object') tellOfSeveral(request, registration)
  const response = new SessionResponse(registration, cookie, request, reply)
  watchForLostChanges(response)
  keep(request, responseKey, response)
  return response
}

/** Registrations that have logged a request with several cookies. Once is enough, because anybody can send such requests. */
const told = new WeakSet<Registration>()

function tellOfSeveral({ log }: FastifyRequest, registration: Registration): void {
  if (told.has(registration) || isCookieShared(registration)) return
  told.add(registration)
  const message = `a request has several cookies named "${registration.settings.cookieName}", so the first that opens a session is used. Was the option "cookie.domain" or "cookie.path" changed? Browsers keep the cookie with the old one until it expires. (This is logged once.)`
  report(log, 'warn', 'FST_SESSION_SEVERAL_COOKIES', {}, message)
}
