import { inspect, isDeepStrictEqual } from 'node:util'
import type { Session, SessionCookieOptions, SessionMetadata } from '../../types/session.ts'
import { now } from '../clock.ts'
import { SessionKeyError, SessionOptionsError } from '../errors.ts'
import { METADATA_KEY } from '../metadata.ts'
import { lifetimeOf, remainingSeconds } from '../record/expiry.ts'
import type { Data } from '../record/record.ts'
import { dataOf } from './data.ts'
import { askedOptions, askedSince, withOptions } from './options.ts'
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
    if (key === METADATA_KEY) throw refusal(key)
    if (value === undefined) this.delete(key)
    else if (isReserved(key)) this.#setAside(key, value)
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
    // An object of its own: a commit underway tells by it whether it was asked for since.
    this.#state.scope = new Set()
  }

  data(): Data {
    // Stored it would not be: say so, instead of dropping it in silence.
    if (Object.getOwnPropertySymbols(this).length > 0) {
      throw new SessionKeyError('a symbol cannot be the key of session data: use text')
    }
    return dataOf(this, this.#state.aside)
  }

  /** JSON.stringify() and Fastify's serializers for response schemas read this, and so no member: an id is a secret. */
  toJSON(): Data {
    return this.data()
  }

  /** What `console.log(session)` shows. */
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
      // What cannot be serialized was not in the record. The commit says so; a question should not.
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

  regenerateId(): Promise<void> {
    const state = this.#state
    state.id = state.kind.newId()
    state.rotated = state.stored !== null
    // Whoever asks for a new id wants a session, as a login does.
    state.isSuperseded = false
    return Promise.resolve()
  }

  regenerate(keep: readonly string[] = []): Promise<void> {
    refuseCallback('regenerate', keep)
    if (!Array.isArray(keep)) {
      throw new SessionOptionsError("session.regenerate() takes a list: `await session.regenerate(['cart'])`")
    }
    const kept = keep.map((key) => [key, this.get(key)] as const)
    const { kind, metadata, stored, cookieChanged, scope } = this.#state
    this.clear()
    for (const [key, value] of kept) this.set(key, value)
    this.#state.scope = new Set(keep.filter((key) => scope === null || scope.has(key)))
    const at = now()
    this.#state.metadata = {
      lifetime: kind.expiry.lifetime,
      created: at,
      last_access: at,
      // What this request asked for is meant for the session it is about to make.
      ...(cookieChanged && askedSince(metadata, stored?.metadata))
    }
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
    const changed = withOptions(state.metadata, askedOptions(options), state.kind.expiry, state.rotated)
    if (changed === state.metadata) return
    state.metadata = changed
    state.cookieChanged = true
  }
}

const hasAside = ({ aside }: SessionState): boolean => aside !== null && aside.size > 0

function wipe(session: SessionObject, state: SessionState): void {
  const keys = [...Object.keys(session), ...Object.getOwnPropertySymbols(session)]
  for (const key of keys) delete (session as unknown as Record<PropertyKey, unknown>)[key]
  state.aside = null
}

/** Names that are no data keys: the members, what every object inherits, and the library's own key. */
const RESERVED: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(SessionObject.prototype),
  ...Object.getOwnPropertyNames(Object.prototype),
  METADATA_KEY
])

const isReserved = (key: string): boolean => RESERVED.has(key)

const refusal = (key: string): Error =>
  key === METADATA_KEY
    ? new SessionKeyError(`"${key}" is not for the application: use another key`)
    : new SessionKeyError(`"${key}" is a session member: use session.set(${JSON.stringify(key)}, value)`)

const inherited = (key: string) => Object.getOwnPropertyDescriptor(Object.prototype, key)

// A method would be shadowed by an assignment; an accessor stops it, in sloppy mode and in Object.assign() as well.
for (const key of RESERVED) {
  const own = Object.getOwnPropertyDescriptor(SessionObject.prototype, key)
  const value: unknown = key === '__proto__' ? SessionObject.prototype : (own ?? inherited(key))?.value
  Object.defineProperty(SessionObject.prototype, key, {
    get: own?.get ?? (() => value),
    set() {
      throw refusal(key)
    },
    enumerable: false,
    configurable: false
  })
}

function refuseCallback(member: string, argument: unknown): void {
  if (typeof argument === 'function') {
    throw new SessionOptionsError(`session.${member}() takes no callback: use \`await session.${member}()\``)
  }
}

/** A session over `data`, as a handler sees it. */
export function createSession(state: SessionState, data: Data): Session {
  const session = new SessionObject(state)
  fill(session, data)
  return session as unknown as Session
}

/**
 * Keys that are kept aside come last when a session is serialized, wherever they stood in the record: that is no change.
 * To be called as long as nobody has changed anything.
 */
export function alignRecord(session: Session): void {
  const state = stateOf(session)
  if (state.stored === null || !hasAside(state)) return
  const { stored, kind } = state
  state.stored = { ...stored, record: kind.recordOf(session.data() as Data, stored.metadata) }
}

/** Puts `data` in the place of what is there, as objects of their own. */
export function resetData(session: Session, data: Data): void {
  wipe(session as unknown as SessionObject, stateOf(session))
  fill(session as unknown as SessionObject, data)
}

/**
 * The same, but a value that is equal stays the object that a handler may hold.
 * @param before what is there, as `data` would have it: as it comes back from a store
 */
export function replaceData(session: Session, data: Data, before: Data = session.data() as Data): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(data, key)) session.delete(key)
  for (const key of Object.keys(data)) {
    if (!Object.hasOwn(before, key) || !isDeepStrictEqual(before[key], data[key])) session.set(key, data[key])
  }
}

function fill(session: SessionObject, data: Data): void {
  for (const key of Object.keys(data)) session.set(key, data[key])
}

export { stateOf }
