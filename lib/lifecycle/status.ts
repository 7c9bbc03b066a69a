import type { Session } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import { boundIn } from '../metadata.ts'
import { isAsLoaded } from '../record/changed.ts'
import { isProlongedByAll, needsRenewal, secondsLeft } from '../record/expiry.ts'
import { holdsNothing } from '../record/holds-nothing.ts'
import type { Body, Data } from '../record/record.ts'
import type { Records } from '../record/records.ts'
import { isRebound } from '../session/bind.ts'
import { stateOf } from '../session/session.ts'
import type { SessionState } from '../session/state.ts'
import type { Expiry } from '../settings.ts'

/** What a commit has to do about a session. */
export type Status =
  /** Not stored, and without data to store. */
  | 'new-empty'
  | 'new'
  /** Not stored, and not to be stored, because the browser has a newer session. */
  | 'superseded'
  | 'emptied'
  /** Changed, but its time is over. */
  | 'ended'
  /** The session gets a new id. */
  | 'rotated'
  | 'changed'
  /** Unchanged, but the record has to be written again, because the session is to end later than the record says. */
  | 'renewed'
  /** Unchanged, and each response prolongs the session. */
  | 'prolonged'
  | 'unchanged'

/** A session at the moment of its commit. */
export interface Review {
  readonly status: Status
  readonly data: Data
  /** The data, serialized. `undefined` if nothing has changed, or if the session is not stored yet. */
  readonly body: Body | undefined
  /** Unix time in seconds. */
  readonly at: number
}

const STORES_NOTHING_NEW: ReadonlySet<Status> = new Set(['new-empty', 'unchanged', 'prolonged', 'renewed'])

/** Decides what a commit has to do. */
export class Reviewer {
  readonly #expiry: Expiry
  readonly #records: Records

  constructor(expiry: Expiry, records: Records) {
    this.#expiry = expiry
    this.#records = records
  }

  /** @throws `FST_SESSION_SERIALIZE` */
  review(session: Session): Review {
    const state = stateOf(session)
    const { stored, aside } = state
    const at = now()
    const snapshot = aside === null ? stored?.snapshot : undefined
    if (snapshot !== undefined && isAsLoaded(session, snapshot)) {
      return { data: snapshot, body: undefined, at, status: statusOf(state, this.#expiry, snapshot, false, at) }
    }
    const data = session.data() as Data
    const body = stored === null ? undefined : this.#records.changes.bodyIfChanged(data, stored)
    return { data, body, at, status: statusOf(state, this.#expiry, data, body !== undefined, at) }
  }

  /** @returns `undefined` if the data cannot be serialized. The commit throws the error */
  tryReview(session: Session): Review | undefined {
    try {
      return this.review(session)
    } catch {
      return undefined
    }
  }

  /** Whether a commit would store or remove something. Data that cannot be serialized were never stored. */
  hasUnsavedChanges(session: Session): boolean {
    const review = this.tryReview(session)
    return review === undefined || !STORES_NOTHING_NEW.has(review.status)
  }
}

/** @param isChanged the data differ from the record of a session that is stored */
export function statusOf(state: SessionState, expiry: Expiry, data: Data, isChanged: boolean, at: number): Status {
  const { stored, isSuperseded, mustRotate, cookieChanged, metadata } = state
  // Plugins leave empty lists and objects in the sessions of anonymous visitors. Such data are not worth storing.
  if (stored === null && !isBound(state) && holdsNothing(data)) return 'new-empty'
  if (stored === null) return isSuperseded ? 'superseded' : 'new'
  const changed = mustRotate || cookieChanged || isChanged || isRebound(state)
  // A session without time left is removed. It is never written with a ttl of 0, which would keep it.
  if (secondsLeft(expiry, metadata, at) <= 0) return changed ? 'ended' : 'unchanged'
  if (!changed) {
    if (needsRenewal(expiry, metadata, at) && !isNothing(data, state)) return 'renewed'
    return isProlongedByAll(expiry) ? 'prolonged' : 'unchanged'
  }
  if (isNothing(data, state)) return 'emptied'
  return mustRotate ? 'rotated' : 'changed'
}

/** Whether the session belongs to a user. Such a session is stored even without data. */
export const isBound = ({ metadata }: Pick<SessionState, 'metadata'>): boolean => boundIn(metadata) !== undefined

/** A record without data and without a user is never written: it is removed instead. */
export const isNothing = (data: Data, state: Pick<SessionState, 'metadata'>): boolean =>
  Object.keys(data).length === 0 && !isBound(state)

/** Whether the commit needs the response's cookie, because the browser has to get a new value or a new end. */
export function needsCookie(status: Status, { cookieChanged }: SessionState, ownsIds: boolean): boolean {
  if (status === 'new' || status === 'rotated') return true
  if (status === 'changed') return ownsIds || cookieChanged
  return status === 'emptied' && ownsIds
}
