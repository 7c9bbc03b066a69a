import type { Session } from '../../../types/session.ts'
import type { SessionStore } from '../../../types/store.ts'
import { SessionUnavailableError } from '../../errors.ts'
import { member } from '../../own.ts'
import { stateOf } from '../../session/session.ts'
import { Turns } from './turns.ts'

/** One for each store: several registrations, or applications, of this process may share one. */
const turnsOf = new WeakMap<SessionStore, Turns<undefined>>()

const tooLate = (): Error =>
  new SessionUnavailableError({
    cause: new Error(
      'other requests that change the same session have kept the store busy for half a minute. A store without `replace` lets only one of them change it at a time'
    )
  })

/**
 * A store without `replace` reads and writes in steps. So that no other request of this process comes between them, and
 * takes away what was acknowledged, whatever changes one session of such a store happens one after the other.
 */
export class Alone {
  readonly #turns: Turns<undefined> | undefined

  constructor(store: SessionStore) {
    if (store.replace !== undefined || member(store, 'ownsIds') === true) return
    this.#turns = turnsOf.get(store) ?? new Turns()
    turnsOf.set(store, this.#turns)
  }

  /**
   * @param task is told whether it has waited
   * @throws `FST_SESSION_STORE` when others have had their turns for half a minute
   */
  run<T>(session: Session, task: (waited: boolean) => Promise<T>): Promise<T> {
    const id = stateOf(session).stored?.id
    if (this.#turns === undefined || id === undefined) return task(false)
    return this.#turns.run(id, ({ waited }) => task(waited), tooLate)
  }
}
