import { inspect, isDeepStrictEqual } from 'node:util'
import type { Duration } from '../../types/options.ts'
import type { Session, SessionCookieOptions, SessionMetadata } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import { toSeconds } from '../checks/duration.ts'
import { SessionKeyError, SessionOptionsError } from '../errors.ts'
import { boundIn, METADATA_KEY } from '../metadata.ts'
import { lifetimeOf, remainingSeconds } from '../record/expiry.ts'
import type { Data } from '../record/record.ts'
import { type About, bind, unbind } from './bind.ts'
import { dataOf } from './data.ts'
import { askedOptions, askedSince, newMetadata, withOptions } from './options.ts'
import { memberRefusal, reserveMembers } from './reserved.ts'
import type { SessionState } from './state.ts'

let stateOf: (session: Session) => SessionState

class SessionObject {
  readonly #state: SessionState

  static {
    stateOf = (session) => (session as unknown as SessionObject).#state
  }

  constructor(state: SessionState) {
    this.#state = state
  }

  get(key: string): unknown {
    return Object.hasOwn(this, key) ? (this as unknown as Data)[key] : this.#state.aside?.get(key)
  }

  set(key: string, value: unknown): void {
    if (key === METADATA_KEY) throw memberRefusal(key)
    if (value === undefined) this.delete(key)
    else if (RESERVED.has(key)) this.#setAside(key, value)
    else (this as unknown as Data)[key] = value
  }

  #setAside(key: string, value: unknown): void {
    this.#state.aside ??= new Map()
    this.#state.aside.set(key, value)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  delete(key: string): boolean {
    const had = this.has(key)
    this.#state.aside?.delete(key)
    delete (this as unknown as Data)[key]
    return had
  }

  clear(): void {
    wipe(this, this.#state)
    unbind(this.#state)
    // A running commit compares this object. A new Set shows the commit that clear() was called after the commit began.
    this.#state.mergeableKeys = new Set()
  }

  data(): Data {
    // A symbol would not be stored, so refuse it instead of dropping it silently.
    if (Object.getOwnPropertySymbols(this).length > 0) {
      throw new SessionKeyError('a symbol cannot be the key of session data: use text')
    }
    return dataOf(this, this.#state.aside)
  }

  /** JSON.stringify() and Fastify's serializers for response schemas get the data only, because the id is a secret. */
  toJSON(): Data {
    return this.data()
  }

  /** `console.log(session)` shows this. */
  [inspect.custom](): Data {
    return dataOf(this, this.#state.aside)
  }

  get id(): string | undefined {
    return this.#state.id
  }

  get isNew(): boolean {
    return this.#state.stored === null
  }

  get isModified(): boolean {
    const { stored, kind } = this.#state
    if (stored === null) return !this.isEmpty
    try {
      return kind.isChanged(this.data(), stored)
    } catch {
      // Data that cannot be serialized are not in the record. The commit throws the error, but a getter should not.
      return true
    }
  }

  get isEmpty(): boolean {
    try {
      return Object.keys(dataOf(this, this.#state.aside)).length === 0
    } catch {
      return false
    }
  }

  get metadata(): SessionMetadata {
    const { metadata, kind } = this.#state
    return { lifetime: lifetimeOf(kind.expiry, metadata), created: metadata.created, lastAccess: metadata.last_access }
  }

  get remainingSeconds(): number | undefined {
    return remainingSeconds(this.#state.kind.expiry, this.#state.metadata, now())
  }

  bindTo(userId: string, about?: About): void {
    bind(this.#state, userId, about)
    renew(this.#state)
  }

  get userId(): string | undefined {
    return boundIn(this.#state.metadata)?.id
  }

  get handle(): string | undefined {
    return boundIn(this.#state.metadata)?.handle
  }

  get authenticatedAt(): Date | undefined {
    const bound = boundIn(this.#state.metadata)
    return bound && new Date(Math.round(bound.at * 1000))
  }

  isFresh(within: Duration): boolean {
    const seconds = toSeconds('session.isFresh()', within)
    const bound = boundIn(this.#state.metadata)
    return bound !== undefined && now() - bound.at <= seconds
  }

  get ended(): AbortSignal {
    return this.#state.commands.ended()
  }

  regenerateId(): Promise<void> {
    renew(this.#state)
    return Promise.resolve()
  }

  regenerate(keep: readonly string[] = []): Promise<void> {
    refuseCallback('regenerate', keep)
    if (!Array.isArray(keep)) {
      throw new SessionOptionsError("session.regenerate() takes a list: `await session.regenerate(['cart'])`")
    }
    const kept = keep.map((key) => [key, this.get(key)] as const)
    const { kind, metadata, stored, cookieChanged, mergeableKeys } = this.#state
    this.clear()
    for (const [key, value] of kept) this.set(key, value)
    this.#state.mergeableKeys = new Set(keep.filter((key) => mergeableKeys === null || mergeableKeys.has(key)))
    this.#state.metadata = newMetadata(kind.expiry, cookieChanged ? askedSince(metadata, stored?.metadata) : {})
    return this.regenerateId()
  }

  destroy(callback?: unknown): Promise<void> {
    refuseCallback('destroy', callback)
    return this.#state.commands.destroy()
  }

  save(callback?: unknown): Promise<void> {
    refuseCallback('save', callback)
    return this.#state.commands.save()
  }

  reload(callback?: unknown): Promise<void> {
    refuseCallback('reload', callback)
    return this.#state.commands.reload()
  }

  update<T>(fn: (session: Session) => T | Promise<T>): Promise<T> {
    if (typeof fn !== 'function') {
      throw new SessionOptionsError('session.update() takes a function: `await session.update((session) => { ... })`')
    }
    return this.#state.commands.update(fn)
  }

  options(options: SessionCookieOptions = {}): void {
    const state = this.#state
    const changed = withOptions(state.metadata, askedOptions(options), state.kind.expiry, state.mustRotate)
    if (changed === state.metadata) return
    state.metadata = changed
    state.cookieChanged = true
  }
}

/** Gives the session a new id, under which the next commit stores it. */
function renew(state: SessionState): void {
  state.id = state.kind.newId()
  state.mustRotate = state.stored !== null
  // A login calls this function. Its session must be stored, even if the browser has the cookie of a newer session.
  state.isSuperseded = false
}

const hasAside = ({ aside }: SessionState): boolean => aside !== null && aside.size > 0

function wipe(session: SessionObject, state: SessionState): void {
  const keys = [...Object.keys(session), ...Object.getOwnPropertySymbols(session)]
  for (const key of keys) delete (session as unknown as Record<PropertyKey, unknown>)[key]
  state.aside = null
}

/** Names that cannot be properties with data. */
const RESERVED = reserveMembers(SessionObject.prototype)

function refuseCallback(member: string, argument: unknown): void {
  if (typeof argument === 'function') {
    throw new SessionOptionsError(`session.${member}() takes no callback: use \`await session.${member}()\``)
  }
}

/** Makes the session that a handler gets. */
export function createSession(state: SessionState, data: Data): Session {
  const session = new SessionObject(state)
  fill(session, data)
  return session as unknown as Session
}

/**
 * Serializing puts the keys that are kept aside last, wherever they stood in the record. This function puts them last
 * in the stored record too, so that their place does not count as a change. Call it before anybody changes the data.
 */
export function alignRecord(session: Session): void {
  const state = stateOf(session)
  if (state.stored === null || !hasAside(state)) return
  const { stored, kind } = state
  state.stored = { ...stored, record: kind.recordOf(session.data() as Data, stored.metadata) }
}

/** Gives the session new data. No value of the old data stays, even if it is equal. */
export function resetData(session: Session, data: Data): void {
  wipe(session as unknown as SessionObject, stateOf(session))
  fill(session as unknown as SessionObject, data)
}

/**
 * Gives the session new data, but keeps each value that is equal, because a handler may hold a reference to it.
 * @param before the old data in the form of `data`, as a store would give them back
 */
export function changeData(session: Session, data: Data, before: Data = session.data() as Data): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(data, key)) session.delete(key)
  for (const key of Object.keys(data)) {
    if (!Object.hasOwn(before, key) || !isDeepStrictEqual(before[key], data[key])) session.set(key, data[key])
  }
}

function fill(session: SessionObject, data: Data): void {
  for (const key of Object.keys(data)) session.set(key, data[key])
}

export { stateOf }
