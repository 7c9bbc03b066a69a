import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SessionStore } from '../../types/store.ts'
import type { Settings } from '../settings.ts'
import type { SessionResponse, SessionServices } from './response.ts'

/** The result of one `register()`: the resolved options, and the keys under which requests carry its state. */
export interface Registration extends SessionServices {
  readonly settings: Settings
  /** The store as it was passed, before `forCookie()`. */
  readonly store: SessionStore
  readonly wantsAutoload: (url: string) => boolean
  readonly replyKey: symbol
  readonly responseKey: symbol
  readonly scope: FastifyInstance
}

type ScopeMembers = Record<symbol, Registration | undefined>
type Carrier = Record<symbol, unknown>

/** Under this key, a scope has the registration that `config: { autoloadSession: true }` means. Scopes below inherit it. */
const INNERMOST = Symbol('starsessions.innermost')

/** Under this key, a scope has the registration of that name. Scopes below inherit it. */
export const keyOf = (name: string): symbol => Symbol.for(`starsessions.registration.${name}`)

/** The registration under `keyOf(name)` that is valid in this scope: the nearest one. */
export const registrationIn = (scope: object, key: symbol): Registration | undefined => (scope as ScopeMembers)[key]

export const innermostIn = (scope: object): Registration | undefined => (scope as ScopeMembers)[INNERMOST]

/** Makes the registration known to its scope and the scopes below. */
export function addToScope(registration: Registration): void {
  const { scope, settings } = registration
  const mark = (key: symbol) => Object.defineProperty(scope, key, { value: registration, configurable: true })
  mark(keyOf(settings.name))
  const neighbour = Object.hasOwn(scope, INNERMOST) ? innermostIn(scope) : undefined
  // If one scope has several registrations, the one named "session" is taken, or else the last one.
  if (neighbour?.settings.name !== 'session') mark(INNERMOST)
}

/** `null` if the hook of this registration has not run for the request. For some requests it never runs. */
export const replyOf = (request: FastifyRequest, { replyKey }: Registration): FastifyReply | null =>
  ((request as unknown as Carrier)[replyKey] ?? null) as FastifyReply | null

/** `null` if the request has not asked for this session. */
export const responseOf = (request: FastifyRequest, { responseKey }: Registration): SessionResponse | null =>
  (request as unknown as Carrier)[responseKey] as SessionResponse | null

export function keep(request: FastifyRequest, key: symbol, value: FastifyReply | SessionResponse): void {
  ;(request as unknown as Carrier)[key] = value
}
