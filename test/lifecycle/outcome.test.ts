import t from 'tap'
import type { CookieValue } from '../../lib/http/cookie.ts'
import { CLEAR, isNewId, NONE, type Outcome, outcomeAfter, SUPERSEDED, WITHHOLD } from '../../lib/lifecycle/outcome.ts'

const issue = (value: string): Outcome => ({ kind: 'issue', value, maxAge: undefined })

t.test('the last commit with an outcome for the cookie counts', async (t) => {
  let outcome = NONE
  for (const [next, expected] of [
    [issue('a'), issue('a')],
    [NONE, issue('a')],
    [issue('b'), issue('b')],
    [SUPERSEDED, issue('b')],
    [CLEAR, CLEAR],
    [NONE, CLEAR],
    [issue('c'), issue('c')],
    [WITHHOLD, NONE]
  ] as const) {
    outcome = outcomeAfter(outcome, next)
    t.same(outcome, expected)
  }
})

t.test('an id is new if the browser did not send it', async (t) => {
  const cases: [CookieValue, string, boolean][] = [
    [undefined, 'a', true],
    ['a', 'a', false],
    ['a', 'b', true],
    ['ab', 'a', true],
    [['a', 'b'], 'b', false],
    [['a', 'b'], 'c', true]
  ]
  for (const [requestCookie, value, isNew] of cases) {
    t.equal(isNewId(issue(value), requestCookie), isNew, `${requestCookie}: ${value}`)
  }
  for (const outcome of [NONE, CLEAR]) t.equal(isNewId(outcome, undefined), false)
})
