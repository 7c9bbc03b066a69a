import t from 'tap'
import { SessionConflictError, SessionGoneError } from '../../lib/errors.ts'
import { CLEAR, type CookieAction, type CookieValue, ENDED, NONE, REFUSED } from '../../lib/http/cookie.ts'
import { RequestCookie } from '../../lib/lifecycle/outcome.ts'

const issue = (value: string): CookieAction => ({ kind: 'issue', value, maxAge: undefined })

function make(brought: CookieValue = 'old') {
  const announced: CookieAction[] = []
  const outlet = { isOpen: true, announce: (action: CookieAction) => void announced.push(action) }
  return { cookie: new RequestCookie(brought, outlet), outlet, announced }
}

t.test('the last commit that says something of the cookie counts', async (t) => {
  const { cookie } = make()
  t.equal(cookie.action, NONE)
  for (const [outcome, action] of [
    [issue('a'), issue('a')],
    [NONE, issue('a')],
    [issue('b'), issue('b')],
    [REFUSED, issue('b')],
    [CLEAR, CLEAR],
    [NONE, CLEAR],
    [issue('c'), issue('c')],
    [ENDED, NONE]
  ] as const) {
    cookie.settle(outcome)
    t.same(cookie.action, action)
  }
})

t.test('a cookie is news for a browser that did not send its value', async (t) => {
  for (const [brought, value, isNews] of [
    [undefined, 'a', true],
    ['a', 'a', false],
    ['a', 'b', true],
    ['ab', 'a', true],
    [['a', 'b'], 'b', false],
    [['a', 'b'], 'c', true]
  ] as const) {
    t.equal(make(brought).cookie.isNews(issue(value)), isNews, `${brought}: ${value}`)
  }
  for (const action of [NONE, CLEAR]) t.equal(make(undefined).cookie.isNews(action), false)
})

t.test('a session that has ended takes along the cookie that an earlier save() asked for', async (t) => {
  const { cookie } = make()
  cookie.settle(issue('a'))
  const gone = new SessionGoneError()
  t.equal(cookie.without(gone), gone)
  t.equal(cookie.action, NONE)
})

t.test('any other failure leaves the cookie, and comes back as it was, whatever was thrown', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const { cookie } = make()
  cookie.settle(issue('a'))
  for (const thrown of [new SessionConflictError(), new Error('x'), 'FST_SESSION_GONE', null, undefined, proxy]) {
    t.ok(Object.is(cookie.without(thrown), thrown))
    t.same(cookie.action, issue('a'))
  }
})

t.test('what is announced goes out at once, and is remembered', async (t) => {
  const { cookie, announced } = make()
  t.equal(cookie.announced, false)
  cookie.announce(CLEAR)
  t.same(announced, [CLEAR])
  t.equal(cookie.announced, true)
})

t.test('whether the cookie can go out is asked anew each time', async (t) => {
  const { cookie, outlet } = make()
  t.equal(cookie.canGoOut, true)
  outlet.isOpen = false
  t.equal(cookie.canGoOut, false)
})
