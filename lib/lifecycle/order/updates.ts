import type { Session } from '../../../types/session.ts'
import { now } from '../../base/clock.ts'
import type { MaybePromise } from '../../base/when.ts'
import { cannotSendCookie, SessionGoneError } from '../../errors.ts'
import { changeProlongs } from '../../record/expiry.ts'
import { holdsNothing } from '../../record/holds-nothing.ts'
import type { Data } from '../../record/record.ts'
import type { Records } from '../../record/records.ts'
import { resetData, stateOf } from '../../session/session.ts'
import type { SessionState } from '../../session/state.ts'
import type { Expiry, Log } from '../../settings.ts'
import { NONE, type Outcome } from '../outcome.ts'
import { isBound } from '../status.ts'
import type { SwapInput } from '../swap.ts'

/** The ways to store the result of an update. */
export interface UpdateCommits {
  swap(
    session: Session,
    writing: Pick<SwapInput, 'data' | 'body' | 'at' | 'prolongs' | 'derive'>,
    log: Log
  ): MaybePromise<Outcome>
  commit(session: Session, log: Log, canSendCookie: boolean): MaybePromise<Outcome>
}

/** Runs the functions of `session.update()`. */
export class Updates {
  readonly #expiry: Expiry
  readonly #records: Records
  readonly #commits: UpdateCommits

  constructor(expiry: Expiry, records: Records, commits: UpdateCommits) {
    this.#expiry = expiry
    this.#records = records
    this.#commits = commits
  }

  async run<T>(
    session: Session,
    fn: (session: Session) => T | Promise<T>,
    log: Log,
    canSendCookie: boolean
  ): Promise<{ result: T; outcome: Outcome }> {
    const state = stateOf(session)
    if (state.isSuperseded) throw new SessionGoneError()
    const { codec } = this.#records
    const body = codec.bodyOf(session.data() as Data, state.stored?.metadata ?? state.metadata)
    const { id, mustRotate, mergeableKeys, cookieChanged, label, metadata } = state
    const before = { id, mustRotate, mergeableKeys, cookieChanged, label }
    let result: T | undefined
    const derive = async (ours: Data): Promise<Data> => {
      Object.assign(state, before)
      resetData(session, codec.copy(ours))
      result = await fn(session)
      const data = session.data() as Data
      if (!canSendCookie && wantsCookie(state, data)) throw cannotSendCookie()
      return data
    }
    try {
      if (state.stored === null) {
        await derive(codec.dataOf(body))
        return { result: result as T, outcome: NONE }
      }
      if (this.#records.ownsIds) {
        // The data are in the browser's cookie, so the store cannot have newer data of another request.
        await derive(session.data() as Data)
        return { result: result as T, outcome: await this.#commits.commit(session, log, canSendCookie) }
      }
      const at = now()
      const prolongs = changeProlongs(this.#expiry, metadata, at, canSendCookie)
      const outcome = await this.#commits.swap(session, { data: codec.dataOf(body), body, at, prolongs, derive }, log)
      return { result: result as T, outcome }
    } catch (error) {
      // The commit of the response must not store half a change.
      Object.assign(state, before, { metadata })
      resetData(session, codec.dataOf(body))
      throw error
    }
  }
}

/** Whether the browser has to get a cookie, because of the session or its id. */
function wantsCookie(state: SessionState, data: Data): boolean {
  return state.stored === null ? isBound(state) || !holdsNothing(data) : state.mustRotate || state.cookieChanged
}
