import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { StarsessionsOptions } from '../../types/options.ts'
import { suggestion } from '../checks/nearest.ts'
import { SessionOptionsError } from '../errors.ts'
import { cookieWriter, type SerializeCookie } from '../http/cookie.ts'
import { Lifecycle } from '../lifecycle/lifecycle.ts'
import { InFlight } from '../lifecycle/order/in-flight.ts'
import { own } from '../own.ts'
import { report } from '../report.ts'
import { autoloadMatcher, routingOf } from './autoload.ts'
import { addToApplication, namesIn } from './conflicts.ts'
import { resolveOptions } from './options.ts'
import { addToScope, innermostIn, keep, keyOf, type Registration, registrationIn, responseOf } from './registration.ts'
import { decorate, load } from './request-members.ts'
import { SetCookie } from './set-cookie.ts'

/** Closing waits this much longer than a call of the store may take. */
const CLOSING_SECONDS = 1

const registerSessions: FastifyPluginAsync<StarsessionsOptions> = async (fastify, options) => {
  const settings = resolveOptions(options)
  const { name } = settings
  const key = keyOf(name)
  if (Object.hasOwn(fastify, key)) {
    throw new SessionOptionsError(
      `the session "${name}" is registered in this scope already: use a scope of its own, or set option "name" to another name`
    )
  }
  if (options.store === undefined && process.env.NODE_ENV === 'production') {
    const message =
      'sessions are kept in memory, so they end with this process, and other processes do not see them: set the option "store"'
    report(fastify.log, 'warn', 'FST_SESSION_MEMORY_STORE', {}, message)
  }
  const writer = cookieWriter(settings.cookieName, settings.cookie, await cookieSerializer(fastify))
  const registration: Registration = {
    settings,
    store: options.store ?? settings.store,
    lifecycle: new Lifecycle(settings),
    setCookie: new SetCookie(writer, settings.cookie.secure),
    inFlight: new InFlight(),
    wantsAutoload: autoloadMatcher(settings.autoload, routingOf(fastify.initialConfig)),
    replyKey: Symbol(`starsessions.${name}.reply`),
    responseKey: Symbol(`starsessions.${name}`),
    scope: fastify
  }
  addToApplication(registration)
  decorate(fastify, name)
  fastify.decorateRequest(registration.replyKey, null)
  fastify.decorateRequest(registration.responseKey, null)
  // One hook is enough, because the scopes below inherit it.
  if (innermostIn(fastify) === undefined) fastify.addHook('onRoute', checkRouteConfig)
  addToScope(registration)

  finishBeforeClosing(fastify, registration.inFlight, settings.storeTimeout)

  // A hook without work calls back at once. If this hook has to load the session, it returns a promise, as an async hook
  // does. If Fastify then throws while it continues the request, Fastify catches its own error.
  fastify.addHook('onRequest', (request, reply, done): unknown => {
    keep(request, registration.replyKey, reply)
    // If an inner registration has taken the place of this one, the request cannot reach this session.
    if (registrationIn(request.server, key) !== registration || !wantsLoading(request, registration)) return done()
    return load(request, registration)
  })

  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const response = responseOf(request, registration)
    if (response === null) return done()
    response.finish(payload, done)
  })
}

/**
 * Waits for running operations when the application closes. Fastify itself waits only for responses whose connection is
 * open. Then it runs the `onClose` hooks, the last added first. Such a hook of the application may close the store's
 * client before our `onClose` hook runs, so `preClose` waits as well.
 */
function finishBeforeClosing(fastify: FastifyInstance, inFlight: InFlight, storeTimeout: number): void {
  const finish = async () => {
    const seconds = storeTimeout + CLOSING_SECONDS
    const stillRunning = await inFlight.ended(seconds)
    if (stillRunning === 0) return
    const message = `closing has waited for ${seconds} s and goes on. Operations of sessions that have not ended: ${stillRunning}. Their changes may be lost. Does the store, the encryptor or a function of session.update() hang?`
    report(fastify.log, 'warn', 'FST_SESSION_CLOSING', {}, message)
  }
  fastify.addHook('preClose', finish)
  fastify.addHook('onClose', finish)
}

/** The serializer of @fastify/cookie. If the application has not registered that plugin, a child scope does. */
async function cookieSerializer(fastify: FastifyInstance): Promise<SerializeCookie> {
  if (fastify.hasDecorator('serializeCookie')) return fastify.serializeCookie
  let serialize: SerializeCookie | undefined
  await fastify.register(async (child) => {
    await child.register(fastifyCookie, { hook: false })
    serialize = child.serializeCookie
  })
  return serialize as unknown as SerializeCookie
}

/**
 * Whether the request's session is to be loaded. The option `autoloadSession` of a route comes before the option
 * `autoload`. A list names sessions, and a boolean is about the innermost registration alone.
 */
function wantsLoading(request: FastifyRequest, registration: Registration): boolean {
  const wanted = own(request.routeOptions.config, 'autoloadSession')
  if (wanted === undefined) return registration.wantsAutoload(request.url)
  if (typeof wanted === 'boolean') return wanted && innermostIn(request.server) === registration
  return wanted.includes(registration.settings.name)
}

function checkRouteConfig(
  this: FastifyInstance,
  { url, config }: { url: string; config?: { autoloadSession?: unknown } }
) {
  const wanted = config && own(config, 'autoloadSession')
  if (wanted === undefined || typeof wanted === 'boolean') return
  const option = `config.autoloadSession of route "${url}"`
  if (!Array.isArray(wanted)) throw new SessionOptionsError(`${option} must be true, false, or a list of session names`)
  const known = namesIn(this)
  for (const name of wanted) {
    if (known.includes(name)) continue
    throw new SessionOptionsError(
      `${option} names the session "${name}": ${suggestion(String(name), known)}; register a session before the routes that name it`
    )
  }
}

export const plugin = fp(registerSessions, { fastify: '5.x', name: 'fastify-starsessions' })
