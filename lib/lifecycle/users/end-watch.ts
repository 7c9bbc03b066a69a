import type { Session } from '../../../types/session.ts'
import type { EndReason } from '../../../types/users/sessions-by-user.ts'
import { now } from '../../base/clock.ts'
import { boundIn } from '../../metadata.ts'
import type { Stored } from '../../record/record.ts'
import type { Records } from '../../record/records.ts'
import { stateOf } from '../../session/session.ts'
import type { CookieOutlet } from '../outcome.ts'
import { livingSuccessor } from '../rotation.ts'

/** So often the watch asks the store for sessions that it may not have been told about. */
const RECHECK_MS = 30_000
/** The most calls to the store that one recheck makes at the same time. */
const AT_ONCE = 16

/** A session whose signal somebody has taken. */
interface Watched {
  readonly session: Session
  readonly controller: AbortController
  /** The record of an anonymous session that another request has given a new id. */
  followed: Stored | null
  /** When the store said that it would delete the record (Unix time in milliseconds). */
  expiresAt: number
  /** Stops listening for the close of the connection. */
  ignoreClose: (() => void) | undefined
}

/**
 * Aborts signals of sessions that have ended. A session costs nothing until somebody reads its signal.
 *
 * This process tells the watch of its own logouts, and a store that can watch tells it of others. A recheck finds the
 * rest. If the store does not answer, no signal is aborted.
 */
export class EndWatch {
  readonly #records: Records
  readonly #watched = new Set<Watched>()
  readonly #signals = new WeakMap<Session, AbortSignal>()
  /** Sessions that have ended, with the name that they had then. */
  readonly #ended = new WeakMap<Session, string | undefined>()
  #timer: NodeJS.Timeout | undefined
  #stop: (() => void) | undefined

  constructor(records: Records) {
    this.#records = records
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#watched.size
  }

  /**
   * Returns the signal of a session, and begins to watch it.
   * @param outlet says when the connection closes, which ends the watch
   */
  signalOf(session: Session, outlet: CookieOutlet): AbortSignal {
    const known = this.#signals.get(session)
    // After a logout the session can begin again, with a signal of its own.
    if (known !== undefined && !(known.aborted && this.#ended.get(session) !== nameOf(session))) return known
    const controller = new AbortController()
    const watched: Watched = {
      session,
      controller,
      followed: null,
      expiresAt: Number.POSITIVE_INFINITY,
      ignoreClose: undefined
    }
    this.#signals.set(session, controller.signal)
    this.#watched.add(watched)
    this.#start()
    watched.ignoreClose = outlet.onceClosed?.(() => this.#forget(watched))
    return controller.signal
  }

  /** Tells that sessions of users have ended. */
  tell(handles: readonly string[], reason: EndReason): void {
    if (this.#watched.size === 0) return
    for (const watched of [...this.#watched]) {
      const { handle } = watched.session
      if (handle !== undefined && handles.includes(handle)) this.#end(watched, reason)
    }
  }

  /** Tells that this process has logged a session out. `handle` is `undefined` for an anonymous session. */
  tellLogout(id: string | undefined, handle: string | undefined): void {
    for (const watched of [...this.#watched]) {
      const isSame = handle === undefined ? watched.session.id === id : watched.session.handle === handle
      if (isSame && id !== undefined) this.#end(watched, 'logout')
    }
  }

  close(): void {
    for (const watched of [...this.#watched]) this.#forget(watched)
  }

  #start(): void {
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => void this.recheck(), RECHECK_MS).unref()
    this.#stop = this.#records.users.byUser?.watch?.((handles, reason) => this.tell(handles, reason))
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stop?.()
    this.#stop = undefined
  }

  #end(watched: Watched, reason: EndReason): void {
    this.#forget(watched)
    watched.ignoreClose?.()
    this.#ended.set(watched.session, nameOf(watched.session))
    watched.controller.abort(reason)
  }

  /** Asks the store for all watched sessions. */
  async recheck(): Promise<void> {
    const users = new Map<string, Watched[]>()
    const checks: (() => Promise<void>)[] = []
    for (const watched of this.#watched) {
      const { userId } = watched.session
      if (userId === undefined) checks.push(() => this.#recheckAnonymous(watched))
      else users.set(userId, [...(users.get(userId) ?? []), watched])
    }
    for (const [userId, sessions] of users) checks.push(() => this.#recheckUser(userId, sessions))
    const work = checks.values()
    const run = async () => {
      for (const check of work) await check().catch(() => undefined)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, run))
  }

  async #recheckUser(userId: string, sessions: readonly Watched[]): Promise<void> {
    const listed = new Map((await this.#records.users.list(userId)).map((entry) => [entry.handle, entry]))
    const at = Date.now()
    for (const watched of sessions) {
      const { session } = watched
      const bound = boundIn(stateOf(session).metadata)
      // The session may have begun a moment ago, or have another user since then.
      if (session.isNew || bound?.id !== userId || !this.#watched.has(watched)) continue
      const entry = listed.get(bound.handle)
      const isOver = Math.min(watched.expiresAt, bound.until * 1000) <= at
      if (entry === undefined) this.#end(watched, isOver ? 'expired' : 'ended')
      else watched.expiresAt = at + (entry.ttl ?? Number.POSITIVE_INFINITY) * 1000
    }
  }

  async #recheckAnonymous(watched: Watched): Promise<void> {
    const own = stateOf(watched.session).stored
    const stored = watched.followed ?? own
    if (stored === null || (await this.#records.isThere(stored))) return
    const found = await this.#records.read(stored.id)
    const successor = found.kind === 'rotated' ? await livingSuccessor(this.#records, found.tombstone) : null
    // The handler may have changed the session while the store was asked.
    if (stateOf(watched.session).stored !== own || !this.#watched.has(watched)) return
    if (successor !== null) watched.followed = successor
    else this.#end(watched, mayHaveExpired(watched.session) ? 'expired' : 'logout')
  }
}

/** A name of the session. The session that begins after its logout has another one. */
const nameOf = ({ handle, id }: Session): string | undefined => handle ?? id

/** Whether the time of the session can be over. A rolling session may have been prolonged since its last write. */
function mayHaveExpired({ metadata, remainingSeconds }: Session): boolean {
  const { lifetime, lastAccess } = metadata
  return remainingSeconds === 0 || (lifetime > 0 && lastAccess + lifetime <= now())
}
