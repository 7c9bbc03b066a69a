import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Settings, StarsessionsOptions } from '../types/options.ts'
import type { Session } from '../types/session.ts'
import { autoloadMatcher } from './autoload.ts'
import { cookieWriter, findCookie, type SerializeCookie } from './cookie.ts'
import { SessionNotLoadedError, SessionOptionsError } from './errors.ts'
import { resolveOptions } from './options.ts'
import { RequestSession } from './request-session.ts'
import { SessionResponse } from './response.ts'
import { whileSending } from './sending.ts'
import { SessionManager } from './session-manager.ts'

/** One `register()`: what it resolved to, and the keys under which requests carry its state. */
interface Registration {
  readonly settings: Settings
  readonly manager: SessionManager
  readonly response: SessionResponse
  readonly wantsAutoload: (url: string) => boolean
  readonly replyKey: symbol
  readonly sessionKey: symbol
}

const REGISTRATION = Symbol('fastify-starsessions')

type Scope = { [REGISTRATION]?: Registration }
type Carrier = Record<symbol, unknown>

/** The innermost registration that a route is in the scope of. */
const registrationOf = (request: FastifyRequest): Registration =>
  (request.server as Scope)[REGISTRATION] as Registration

const replyOf = (request: FastifyRequest, { replyKey }: Registration): FastifyReply | null =>
  (request as unknown as Carrier)[replyKey] as FastifyReply | null

const requestSession = (request: FastifyRequest, { sessionKey }: Registration): RequestSession | null =>
  (request as unknown as Carrier)[sessionKey] as RequestSession | null

const starsessions: FastifyPluginAsync<StarsessionsOptions> = async (fastify, options) => {
  const settings = resolveOptions(options)
  if (Object.hasOwn(fastify, REGISTRATION)) {
    throw new SessionOptionsError('fastify-starsessions is registered in this scope already: use a scope of its own')
  }
  if (options.store === undefined && process.env.NODE_ENV === 'production') {
    fastify.log.warn('sessions are kept in memory: they end with this process. Set the option "store"')
  }
  const writer = cookieWriter(settings.cookieName, settings.cookie, await cookieSerializer(fastify))
  const registration: Registration = {
    settings,
    manager: new SessionManager(settings),
    response: new SessionResponse(writer, settings.cookie.secure),
    wantsAutoload: autoloadMatcher(settings.autoload),
    replyKey: Symbol('starsessions.reply'),
    sessionKey: Symbol('starsessions.session')
  }
  decorate(fastify)
  fastify.decorateRequest(registration.replyKey, null)
  fastify.decorateRequest(registration.sessionKey, null)
  Object.defineProperty(fastify, REGISTRATION, { value: registration })

  fastify.addHook('onRoute', ({ url, config }) => {
    const wanted: unknown = config?.autoloadSession
    if (wanted !== undefined && typeof wanted !== 'boolean') {
      throw new SessionOptionsError(`config.autoloadSession of route "${url}" must be true or false`)
    }
  })

  // Without work to do the hooks call back at once. Otherwise this one returns a promise, as an async hook does: what
  // Fastify throws while it goes on is then its own to catch.
  fastify.addHook('onRequest', (request, reply, done): unknown => {
    ;(request as unknown as Carrier)[registration.replyKey] = reply
    // An outer registration's session cannot be reached from here: an inner one has taken its place.
    if (registrationOf(request) !== registration || !wantsLoading(request, registration)) return done()
    return load(request, registration)
  })

  fastify.addHook('onSend', (request, reply, payload, done) => {
    const held = requestSession(request, registration)
    if (held === null || held.session === null) return done()
    whileSending(reply, registration.response.finish(held, request, reply, payload), done)
  })
}

/** @fastify/cookie's serializer: the application's, or one of our own that leaves no trace in its scope. */
async function cookieSerializer(fastify: FastifyInstance): Promise<SerializeCookie> {
  if (fastify.hasDecorator('serializeCookie')) return fastify.serializeCookie
  let serialize: SerializeCookie | undefined
  await fastify.register(async (child) => {
    await child.register(fastifyCookie, { hook: false })
    serialize = child.serializeCookie
  })
  return serialize as unknown as SerializeCookie
}

/** Once for a scope and those below it: the registration is looked up at each use. */
function decorate(fastify: FastifyInstance): void {
  if ((fastify as Scope)[REGISTRATION] !== undefined) return
  for (const name of ['session', 'isSessionLoaded', 'loadSession']) {
    if (fastify.hasRequestDecorator(name)) {
      throw new SessionOptionsError(`request.${name} is decorated already, by another session plugin: remove that one`)
    }
  }
  fastify.decorateRequest('session', {
    getter(this: FastifyRequest): Session {
      const session = requestSession(this, registrationOf(this))?.session
      if (session === null || session === undefined) throw new SessionNotLoadedError()
      return session
    }
  })
  fastify.decorateRequest('isSessionLoaded', {
    getter(this: FastifyRequest): boolean {
      return (requestSession(this, registrationOf(this))?.session ?? null) !== null
    }
  })
  fastify.decorateRequest('loadSession', function (this: FastifyRequest) {
    return load(this, registrationOf(this))
  } as FastifyRequest['loadSession'])
}

function wantsLoading(request: FastifyRequest, { wantsAutoload }: Registration): boolean {
  return request.routeOptions.config.autoloadSession ?? wantsAutoload(request.url)
}

async function load(request: FastifyRequest, registration: Registration): Promise<Session> {
  const held = requestSession(request, registration) ?? hold(request, registration)
  return held.load()
}

function hold(request: FastifyRequest, registration: Registration): RequestSession {
  const reply = replyOf(request, registration)
  if (reply === null) {
    // Without our hooks nothing would be committed, and the change would be lost in silence.
    throw new SessionOptionsError(
      "loadSession() was called before the plugin's onRequest hook: register fastify-starsessions before the hooks, plugins and scopes that use it"
    )
  }
  const { manager, settings, response } = registration
  const cookie = findCookie(request.raw.headers.cookie, settings.cookieName)
  const held = new RequestSession(manager, cookie, request.log, (action) => response.announce(action, request, reply))
  ;(request as unknown as Carrier)[registration.sessionKey] = held
  return held
}

export const plugin = fp(starsessions, { fastify: '5.x', name: 'fastify-starsessions' })
