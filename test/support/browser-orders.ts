import type { Answer } from './app.ts'

/** A request of a browser that has sent several at once, and what came back. */
export interface Exchange {
  /** The how many-th answer it was. */
  readonly order: number
  readonly answer: Answer
  readonly isLogin: boolean
  readonly isLogout: boolean
}

/**
 * Applies the responses to the browser's cookie in every order in which they can arrive, and looks after each.
 *
 * Over a rolling session only in the order in which they were made: each such response has a cookie, and those of one
 * moment may arrive in any order.
 *
 * @param cookie what all requests were sent with
 * @param opens the session's data that a request with this cookie gets
 * @returns what did not hold
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
      if (answer.lines.length > 0) current = answer.cookie
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
