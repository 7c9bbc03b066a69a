import type { EndAllOptions, ListedSession, SessionsOf } from '../../../types/users/sessions-of.ts'
import { now } from '../../base/clock.ts'
import { ownOptions } from '../../checks/option-names.ts'
import { publishEnd } from '../../diagnostics.ts'
import { SessionOptionsError } from '../../errors.ts'
import type { ListedSessionEntry, UserSessions } from '../../record/user-sessions.ts'
import { cannotBind, toUserId } from '../../session/bind.ts'
import type { Expiry } from '../../settings.ts'
import type { InFlight } from '../order/in-flight.ts'
import type { EndWatch } from './end-watch.ts'

/** 96 bits in base64url. */
const HANDLE = /^[\w-]{16}$/

/** What the lists of all users share. */
export interface ListServices {
  readonly expiry: Expiry
  readonly users: UserSessions
  readonly watch: EndWatch
  readonly inFlight: InFlight
}

/** The sessions of one user. */
export class UserList implements SessionsOf {
  readonly #services: ListServices
  readonly #userId: string

  /**
   * @param what the call, for messages
   * @throws `FST_SESSION_OPTIONS` if it is no user id, or the store has no lists
   */
  constructor(services: ListServices, userId: unknown, what: string) {
    this.#userId = toUserId(what, userId)
    if (services.users.byUser === undefined) throw cannotBind()
    this.#services = services
  }

  list(): Promise<ListedSession[]> {
    return this.#run(async () => {
      const entries = await this.#services.users.list(this.#userId)
      return entries.sort((a, b) => b.authenticatedAt - a.authenticatedAt).map((entry) => this.#shown(entry))
    })
  }

  end(handle: string): Promise<boolean> {
    return this.#run(async () => {
      assertHandle('end(handle)', handle)
      return (await this.#end({ only: handle })).length > 0
    })
  }

  endAll(options: EndAllOptions = {}): Promise<number> {
    return this.#run(async () => {
      const { except } = ownOptions('endAll', options, ['except'])
      if (except !== undefined) assertHandle('endAll({ except })', except)
      return (await this.#end({ except })).length
    })
  }

  async #end(which: { only?: string; except?: string | undefined }): Promise<readonly string[]> {
    const { users, watch } = this.#services
    const ended = await users.end(this.#userId, { ...which, at: now() })
    watch.tell(ended, 'ended')
    publishEnd(ended, 'ended')
    return ended
  }

  /** Runs a step. Closing the application waits for its end. */
  #run<T>(step: () => Promise<T>): Promise<T> {
    const running = step()
    this.#services.inFlight.add(running, () => undefined)
    return running
  }

  #shown({ handle, authenticatedAt, endsAt, label, ttl }: ListedSessionEntry): ListedSession {
    const { rolling, lifetime } = this.#services.expiry
    const at = now()
    const lastSeen = rolling && ttl !== undefined ? dateOf(Math.min(at, at + ttl - lifetime)) : undefined
    return { handle, authenticatedAt: dateOf(authenticatedAt), lastSeen, endsAt: dateOf(endsAt), label }
  }
}

const dateOf = (seconds: number): Date => new Date(Math.round(seconds * 1000))

function assertHandle(what: string, handle: unknown): void {
  if (typeof handle === 'string' && HANDLE.test(handle)) return
  throw new SessionOptionsError(
    `app.sessionsOf(userId).${what} takes the handle of a session: \`session.handle\`, or a handle from list()`
  )
}
