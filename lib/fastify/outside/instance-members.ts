import type { FastifyInstance } from 'fastify'
import type { Session } from '../../../types/session.ts'
import type { LoadSessionOptions, SessionsOf } from '../../../types/users/sessions-of.ts'
import { ownOptions } from '../../checks/option-names.ts'
import { SessionOptionsError } from '../../errors.ts'
import { findCookies } from '../../http/cookie.ts'
import type { CookieOutlet } from '../../lifecycle/outcome.ts'
import { RequestSession } from '../../lifecycle/request-session.ts'
import { UserList } from '../../lifecycle/users/user-list.ts'
import { keyOf, type Registration, registrationIn } from '../registration.ts'

/** The members of the application for a session of that name. */
function instanceMembersOf(name: string): { sessionsOf: string; load: string } {
  const capitalized = name.slice(0, 1).toUpperCase() + name.slice(1)
  return { sessionsOf: name === 'session' ? 'sessionsOf' : `${name}SessionsOf`, load: `load${capitalized}` }
}

/**
 * Adds the members for a session of that name to a scope and the scopes below it. Once is enough, because each use looks
 * up the registration.
 * @throws `FST_SESSION_OPTIONS` if one of the names is taken already
 */
export function decorateInstance(fastify: FastifyInstance, name: string): void {
  const key = keyOf(name)
  if (registrationIn(fastify, key) !== undefined) return
  const { sessionsOf, load } = instanceMembersOf(name)
  for (const member of [sessionsOf, load]) {
    if (!fastify.hasDecorator(member)) continue
    throw new SessionOptionsError(
      `app.${member} is taken already, by Fastify or another plugin: set option "name" to another name, or remove that plugin`
    )
  }
  fastify.decorate(sessionsOf, function (this: FastifyInstance, userId: unknown): SessionsOf {
    const { lifecycle, inFlight, settings } = registrationIn(this, key) as Registration
    const { users, watch } = lifecycle
    return new UserList({ expiry: settings.expiry, users, watch, inFlight }, userId, `app.${sessionsOf}()`)
  })
  fastify.decorate(
    load,
    async function (this: FastifyInstance, cookieHeader: unknown, options: unknown = {}): Promise<Session> {
      return loadOutside(this, registrationIn(this, key) as Registration, `app.${load}()`, cookieHeader, options)
    }
  )
}

function loadOutside(
  { log }: FastifyInstance,
  { lifecycle, inFlight, settings }: Registration,
  what: string,
  cookieHeader: unknown,
  options: unknown
): Promise<Session> {
  if (cookieHeader !== undefined && typeof cookieHeader !== 'string') {
    throw new SessionOptionsError(`${what} takes the Cookie header of a browser: \`request.headers.cookie\``)
  }
  const { closed } = ownOptions(what, options as LoadSessionOptions, ['closed'])
  if (closed !== undefined && typeof closed.addEventListener !== 'function') {
    throw new SessionOptionsError(`${what}: closed must be an AbortSignal`)
  }
  const cookie = findCookies(cookieHeader, settings.cookieName)
  return new RequestSession(lifecycle, cookie, log, inFlight, new NoResponse(closed)).load()
}

/** A session outside a request has no response, so no cookie can go out. */
export class NoResponse implements CookieOutlet {
  readonly canSendCookie = false
  readonly commitHasBegun = true
  readonly #closed: AbortSignal | undefined

  constructor(closed: AbortSignal | undefined) {
    this.#closed = closed
  }

  announce(): void {}

  onceClosed(listener: () => void): () => void {
    if (this.#closed?.aborted) listener()
    else this.#closed?.addEventListener('abort', listener, { once: true })
    return () => this.#closed?.removeEventListener('abort', listener)
  }
}
