import type { Data } from '../record/codec.ts'
import { needsRenewal, secondsLeft } from '../record/expiry.ts'
import { holdsNothing } from '../record/holds-nothing.ts'
import type { SessionState } from '../session/state.ts'
import type { Expiry } from '../settings.ts'

/** What has become of a session since it was loaded: what a commit has to do. */
export type Status =
  | 'new-empty'
  | 'new'
  | 'refused'
  | 'emptied'
  | 'ended'
  | 'rotated'
  | 'changed'
  | 'renewed'
  | 'prolonged'
  | 'unchanged'

/** What a commit leaves as it is; that a session is prolonged is no change of it. */
export const SETTLED: ReadonlySet<Status> = new Set(['new-empty', 'unchanged', 'prolonged', 'renewed'])

/** @param isChanged the data differ from what is stored; for a session that is stored */
export function statusOf(state: SessionState, expiry: Expiry, data: Data, isChanged: boolean, at: number): Status {
  const { stored, isSuperseded, rotated, cookieChanged, metadata } = state
  // Nothing but empty containers is what plugins leave on an anonymous page: no session is made of that.
  if (stored === null && holdsNothing(data)) return 'new-empty'
  if (stored === null) return isSuperseded ? 'refused' : 'new'
  const changed = rotated || cookieChanged || isChanged
  // No time left is a removal, never a ttl of 0, which would keep the record.
  if (secondsLeft(expiry, metadata, at) <= 0) return changed ? 'ended' : 'unchanged'
  if (!changed) {
    if (needsRenewal(expiry, metadata) && !isEmpty(data)) return 'renewed'
    return expiry.rolling ? 'prolonged' : 'unchanged'
  }
  if (isEmpty(data)) return 'emptied'
  return rotated ? 'rotated' : 'changed'
}

/** A record without data is never written: it is removed instead. */
const isEmpty = (data: Data): boolean => Object.keys(data).length === 0

/** Whether the browser has to be told what a commit stores, or nobody finds it. */
export function needsCookie(status: Status, { cookieChanged }: SessionState, ownsIds: boolean): boolean {
  if (status === 'new' || status === 'rotated') return true
  if (status === 'changed') return ownsIds || cookieChanged
  return status === 'emptied' && ownsIds
}
