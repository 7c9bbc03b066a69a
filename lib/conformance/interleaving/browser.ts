import type { Answer } from './application.ts'

/** One of several requests that a browser has sent at once, with its answer. */
export interface Exchange {
  /** The position of its answer among all answers. */
  readonly order: number
  readonly answer: Answer
  readonly isLogin: boolean
  readonly isLogout: boolean
}

/**
 * Applies the responses to the browser's cookie, in every order in which they can arrive, and checks the cookie each time.
 *
 * For a rolling session it checks only the order in which the responses were made. There each response has a cookie, and the
 * library cannot promise anything about responses that overtake each other.
 *
 * @param cookie the Cookie header of all requests
 * @param opens the data that a request with this cookie gets
 * @returns the promises that were broken
 */
export function browserViolations(
  cookie: string,
  exchanges: readonly Exchange[],
  opens: (cookie: string | undefined) => Record<string, unknown>,
  isRolling: boolean
): string[] {
  const done = exchanges.filter(({ answer }) => answer.status === 200)
  const isLoggedOut = done.some(({ isLogout }) => isLogout)
  const orders = isRolling ? [[...exchanges].sort((one, other) => one.order - other.order)] : permutations(exchanges)
  const violations = new Set<string>()
  for (const order of orders) {
    let current: string | undefined = cookie
    let isLoggedIn = false
    for (const { answer, isLogin } of order) {
      if (answer.setsCookie) current = answer.cookie
      isLoggedIn ||= isLogin && answer.status === 200
      if (isLoggedOut || !isLoggedIn) continue
      if (current === cookie) violations.add('an older cookie over a newer one')
      if (!Object.keys(opens(current)).some((key) => key.startsWith('role-'))) {
        violations.add('a login that the browser has lost')
      }
    }
    if (isLoggedOut && opens(current).user !== undefined) violations.add('a browser that is logged in after a logout')
  }
  return [...violations]
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}
