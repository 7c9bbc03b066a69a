import { now } from '../base/clock.ts'
import { LONGEST_LIFETIME } from '../checks/duration.ts'
import { randomBytes } from '../crypto/random.ts'
import { SessionOptionsError } from '../errors.ts'
import { type Bound, boundIn, type RecordMetadata } from '../metadata.ts'
import type { Expiry } from '../settings.ts'
import type { SessionState } from './state.ts'

/** What an application can say about a login. */
export interface About {
  label?: unknown
  authenticatedAt?: Date | undefined
}

/** 96 bits: nobody can guess a handle, and two sessions of a user never have the same one. */
const HANDLE_BYTES = 12
const LONGEST_USER_ID = 1_000
const LONGEST_LABEL = 512
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Binds the session to a user, under a new id. Nothing is stored yet.
 * @throws `FST_SESSION_OPTIONS`
 */
export function bind(state: SessionState, userId: unknown, about: unknown): void {
  const { kind, metadata } = state
  if (!kind.canBind) throw cannotBind()
  const id = toUserId('session.bindTo()', userId)
  const { label, authenticatedAt } = toAbout(about)
  const at = toTime(authenticatedAt)
  const bytes = label === undefined ? undefined : labelBytes(state, label)
  const before = boundIn(metadata)
  // The same user has logged in again, so the list still shows one session.
  const handle = before?.id === id ? before.handle : randomBytes(HANDLE_BYTES).toString('base64url')
  const user: Bound = { id, handle, at, until: metadata.created + longestOf(kind.expiry) }
  state.metadata = { ...metadata, user }
  state.label = bytes
}

/** Ends the binding to a user. */
export function unbind(state: SessionState): void {
  state.label = undefined
  if (boundIn(state.metadata) === undefined) return
  const { user: _, ...others } = state.metadata
  state.metadata = others as RecordMetadata
}

/** Whether the user of the session differs from the user of its record, so that the record must be written. */
export function isRebound({ stored, metadata }: SessionState): boolean {
  return stored !== null && boundIn(stored.metadata) !== boundIn(metadata)
}

/** The seconds after which a session that belongs to a user ends, however active it is. */
function longestOf({ lifetime, rolling, absoluteLifetime }: Expiry): number {
  if (absoluteLifetime !== undefined) return absoluteLifetime
  return rolling || lifetime === 0 ? LONGEST_LIFETIME.seconds : lifetime
}

/**
 * Checks the id of a user.
 * @param what the call, for the message
 * @throws `FST_SESSION_OPTIONS`
 */
export function toUserId(what: string, userId: unknown): string {
  if (typeof userId !== 'string') {
    throw new SessionOptionsError(
      `${what}: the user id must be text, but is ${userId === null ? 'null' : `of type ${typeof userId}`}: write \`String(user.id)\``
    )
  }
  if (userId === '') throw new SessionOptionsError(`${what}: the user id is empty. Did the login find a user?`)
  // The list of a user is found by a hash of UTF-8. All halves of a surrogate pair look the same there.
  if (LONE_SURROGATE.test(userId)) {
    throw new SessionOptionsError(
      `${what}: the user id has half a character, which UTF-8 cannot write: pass the key of the user as your database has it`
    )
  }
  if (userId.length > LONGEST_USER_ID) {
    throw new SessionOptionsError(
      `${what}: the user id has ${userId.length} characters, and at most ${LONGEST_USER_ID} are allowed: pass the key of the user, not the user`
    )
  }
  return userId
}

function toAbout(about: unknown): About {
  if (about === undefined) return {}
  if (typeof about !== 'object' || about === null || about instanceof Date) {
    throw new SessionOptionsError(
      'session.bindTo(userId, about): about must be an object: `{ label, authenticatedAt }`'
    )
  }
  for (const name of Object.keys(about)) {
    if (name === 'label' || name === 'authenticatedAt') continue
    throw new SessionOptionsError(
      `session.bindTo(userId, about): unknown key "${name}": known are label and authenticatedAt`
    )
  }
  return about
}

function toTime(authenticatedAt: unknown): number {
  const at = now()
  if (authenticatedAt === undefined) return at
  const time = authenticatedAt instanceof Date ? authenticatedAt.getTime() / 1000 : Number.NaN
  if (Number.isNaN(time) || time < 0) {
    throw new SessionOptionsError('session.bindTo(userId, about): authenticatedAt must be a valid Date')
  }
  // The clocks of two machines may differ, and nobody can have logged in later than now.
  return Math.min(time, at)
}

function labelBytes({ kind }: SessionState, label: unknown): Uint8Array {
  let serialized: { readonly bytes: Uint8Array; readonly size: number }
  try {
    serialized = kind.labelOf(label)
  } catch (cause) {
    throw new SessionOptionsError('session.bindTo(userId, about): the serializer refuses the label', { cause })
  }
  const { bytes, size } = serialized
  if (size <= LONGEST_LABEL) return bytes
  throw new SessionOptionsError(
    `session.bindTo(userId, about): the label has ${size} bytes, and at most ${LONGEST_LABEL} are allowed: keep what your page of devices shows`
  )
}

/** The error for a store that keeps no lists. */
export const cannotBind = (): Error =>
  new SessionOptionsError(
    'the store cannot list the sessions of a user. InMemoryStore, RedisStore, PostgresStore and SqliteStore can, and `new CookieStore({ secretKey, byUser: new RedisSessions({ client }) })`. A store of your own needs byUser'
  )
