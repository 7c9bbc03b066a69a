import type { Action } from './actions.ts'
import { type Answer, cookieValue } from './application.ts'
import { browserViolations } from './browser.ts'

export type SavedData = Record<string, unknown>

/** A request that runs or has run. */
export interface Went {
  readonly action: Action
  readonly name: string
  /** The request loaded a new session, because the shared session had ended or had a new id already. */
  isOutside: boolean
  answer: Answer | null
  /** The position of its answer among all answers, starting with 1. It is 0 until the answer was checked. */
  order: number
}

/** What there is after all requests were answered. */
export interface World {
  /** The id that all requests carry. */
  readonly id: string
  readonly requests: readonly Went[]
  /** The ids of all records of the session, including the records that it was rotated into. */
  readonly ids: readonly string[]
  readonly data: ReadonlyMap<string, SavedData>
  /** The ids of records that have changed since their own request wrote them. */
  readonly changed: ReadonlySet<string>
  /** The data that a browser with this cookie gets. */
  readonly opens: ReadonlyMap<string | undefined, SavedData>
  readonly isRolling: boolean
}

const isAcknowledged = ({ answer, isOutside }: Went): boolean => answer?.status === 200 && !isOutside

/** The promises that were broken. They must hold in every order. */
export function violationsOf({ id, requests, ids, data, changed, opens, isRolling }: World): string[] {
  const violations = browserViolations(
    `session=${id}`,
    requests.map((went) => ({
      order: went.order,
      answer: went.answer as Answer,
      isLogin: went.action.startsWith('regenerate'),
      isLogout: went.action === 'destroy' || (went.action === 'clear' && !went.isOutside)
    })),
    (cookie) => opens.get(cookie) as SavedData,
    isRolling
  )
  const check = (holds: boolean, violation: string) => {
    if (!holds) violations.push(violation)
  }
  const acknowledged = requests.filter(isAcknowledged)
  const live = ids.map((one) => data.get(one)!).filter((one) => Object.keys(one).length > 0)
  const did = (...actions: Action[]) => acknowledged.some(({ action }) => actions.includes(action))

  for (const { answer } of requests) {
    check(answer?.status === 200 || answer?.status === 409, `a status ${answer?.status}`)
    if (answer?.status === 409) check(!answer.setsCookie, 'a cookie beside a 409')
  }

  // A destroy() that found the tombstone counts as outside, but it still follows the tombstone.
  const destroyed = requests.some(({ action, answer }) => action === 'destroy' && answer?.status === 200)
  if (destroyed) check(live.length === 0, 'life after destroy()')
  if (did('clear')) check(live.length === 0, 'life after clear()')
  const rotated = acknowledged.filter(({ action }) => action.startsWith('regenerate'))
  if (rotated.length > 0) check(Object.keys(data.get(id)!).length === 0, 'life under an id that was rotated away')
  for (const { answer } of rotated) {
    const isAsWritten = !changed.has(cookieValue(answer?.cookie))
    check(isAsWritten || destroyed, 'a write into the rotated session by who held the old id')
  }
  if (destroyed || did('clear')) return violations

  check(live.length > 0, 'a session that is lost')
  // Two rotations at once make two sessions. SavedData that were written before are in the session of the first rotation.
  const has = (key: string, value: unknown) => live.some((one) => one[key] === value)
  for (const { action, name } of acknowledged) {
    if (action.startsWith('regenerate')) check(has(`role-${name}`, 'admin'), 'a lost privilege')
    // regenerate(keep) drops all keys that it does not list, also keys of other requests.
    if (action === 'write other key' && !did('regenerate')) check(has(`key-${name}`, name), 'a lost write')
  }
  if (did('regenerate')) return violations
  if (did('page')) check(has('csrf', 'x'), 'a lost write')
  const writers = acknowledged.filter(({ action }) => action === 'write same key').map(({ name }) => name)
  if (writers.length > 0)
    check(
      writers.some((name) => has('a', name)),
      'a lost write'
    )
  const counted = Math.max(...live.map(({ n }) => Number(n)))
  const updates = acknowledged.filter(({ action }) => action === 'update').length
  check(counted === updates, `${updates} acknowledged updates, ${counted} counted`)
  return violations
}
