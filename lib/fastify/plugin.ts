import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { StarsessionsOptions } from '../../types/options.ts'
import { own } from '../base/own.ts'
import { suggestion } from '../checks/nearest.ts'
import { SessionOptionsError } from '../errors.ts'
import { cookieWriter, type SerializeCookie } from '../http/cookie.ts'
import { Lifecycle } from '../lifecycle/lifecycle.ts'
import { InFlight } from '../lifecycle/order/in-flight.ts'
import { report } from '../report.ts'
import { autoloadMatcher, routingOf } from './autoload.ts'
import { addToApplication, namesIn } from './conflicts.ts'
import { resolveOptions } from './options.ts'
import { decorateInstance } from './outside/instance-members.ts'
import { addToScope, innermostIn, keep, keyOf, type Registration, registrationIn, responseOf } from './registration.ts'
import { decorate, requestSessionFor } from './request-members.ts'
import { SetCookie } from './set-cookie.ts'

/** Closing waits for `storeTimeout` plus this many seconds, so that the last call of the store can still time out. */
const CLOSING_SECONDS = 1

const registerSessions: FastifyPluginAsync<StarsessionsOptions> = async (fastify, options) => {
  const settings = resolveOptions(options)
  const { name } = settings
  const key = keyOf(name)
  if (Object.hasOwn(fastify, key)) {
    throw new SessionOptionsError(
      `the session "${name}" is registered in this scope already: register the second one in a scope of its own, or set the option "name" to another name`
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
  decorateInstance(fastify, name)
  fastify.decorateRequest(registration.replyKey, null)
  fastify.decorateRequest(registration.responseKey, null)
  // One hook is enough, because the scopes below inherit it.
  if (innermostIn(fastify) === undefined) fastify.addHook('onRoute', checkRouteConfig)
  addToScope(registration)

  finishBeforeClosing(fastify, registration.inFlight, settings.storeTimeout)
  fastify.addHook('onClose', async () => registration.lifecycle.watch.close())

  // If there is nothing to wait for, the hook calls `done` at once. Otherwise the hook returns a promise and does not call
  // `done`. With a promise, Fastify catches an error that Fastify itself throws while it continues the request.
  fastify.addHook('onRequest', (request, reply, done): unknown => {
    keep(request, registration.replyKey, reply)
    // If an inner scope has registered the same name again, the request gets the session of that registration only.
    if (registrationIn(request.server, key) !== registration || !wantsLoading(request, registration)) return done()
    let loaded: unknown
    try {
      loaded = requestSessionFor(request, registration).loadNow()
    } catch (error) {
      return done(error as Error)
    }
    return loaded instanceof Promise ? loaded : done()
  })

  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const response = responseOf(request, registration)
    if (response === null) return done()
    response.finish(payload, done)
  })
}

/**
 * Waits for running operations when the application closes. Fastify itself waits only for responses whose connection is
 * open. Then Fastify runs the `onClose` hooks, and the last one added runs first. So an `onClose` hook of the
 * application may close the store's client before our `onClose` hook runs. For this reason, `preClose` waits as well.
 */
function finishBeforeClosing(fastify: FastifyInstance, inFlight: InFlight, storeTimeout: number): void {
  const finish = async () => {
    const seconds = storeTimeout + CLOSING_SECONDS
    const stillRunning = await inFlight.ended(seconds)
    if (stillRunning === 0) return
    const message = `closing has waited for ${seconds} s and waits no longer. Session operations still running: ${stillRunning}. Their changes may be lost. Does the store, the encryptor or a function of session.update() hang?`
    report(fastify.log, 'warn', 'FST_SESSION_CLOSING', {}, message)
  }
  fastify.addHook('preClose', finish)
  fastify.addHook('onClose', finish)
}

/** The serializer of @fastify/cookie. If the application has not registered that plugin, a child scope registers it. */
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
 * Whether the hook has to load the request's session. If the route has the option `autoloadSession`, the option
 * `autoload` does not apply. A list names the sessions to load. A boolean applies only to the innermost registration.
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
