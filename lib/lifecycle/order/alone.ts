import type { Session } from '../../../types/session.ts'
import type { SessionStore } from '../../../types/store.ts'
import { member } from '../../base/own.ts'
import type { MaybePromise } from '../../base/when.ts'
import { SessionUnavailableError } from '../../errors.ts'
import { stateOf } from '../../session/session.ts'
import { Turns } from './turns.ts'

/** The turns for each store, because several registrations or applications of this process may share a store. */
const turnsOf = new WeakMap<SessionStore, Turns<undefined>>()

const tooLate = (): Error =>
  new SessionUnavailableError({
    cause: new Error(
      'other requests that change the same session have kept the store busy for half a minute. A store without `replace` lets only one of them change it at a time'
    )
  })

/**
 * Runs the operations that change one session one after the other, if the store has no `replace`. Such a store reads and
 * writes in separate calls. If another request of this process came between them, a confirmed change could get lost.
 */
export class Alone {
  readonly #turns: Turns<undefined> | undefined

  constructor(store: SessionStore) {
    if (store.replace !== undefined || member(store, 'ownsIds') === true) return
    this.#turns = turnsOf.get(store) ?? new Turns()
    turnsOf.set(store, this.#turns)
  }

  /**
   * @param task gets whether it had to wait
   * @throws `FST_SESSION_STORE` if the task did not get its turn within half a minute
   */
  run<T>(session: Session, task: (waited: boolean) => MaybePromise<T>): MaybePromise<T> {
    const id = stateOf(session).stored?.id
    if (this.#turns === undefined || id === undefined) return task(false)
    return this.#turns.run(id, ({ waited }) => task(waited), tooLate)
  }
}
