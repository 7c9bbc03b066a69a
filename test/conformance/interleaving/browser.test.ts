import t from 'tap'
import { browserViolations } from '../../../lib/conformance/interleaving/browser.ts'

const OLD = 'session=old'
const NEW = 'session=new'
const DATA = new Map<string | undefined, Record<string, unknown>>([
  [OLD, {}],
  [NEW, { user: 'alice', 'role-a': 'admin' }]
])
const opens = (cookie: string | undefined) => DATA.get(cookie) ?? {}

const login = { order: 1, isLogin: true, isLogout: false, answer: { status: 200, setsCookie: true, cookie: NEW } }
const page = { order: 2, isLogin: false, isLogout: false, answer: { status: 200, setsCookie: false, cookie: OLD } }
const logout = { ...page, isLogout: true, answer: { status: 200, setsCookie: true, cookie: undefined } }

t.test('a page beside a login keeps the login, in both orders', async (t) => {
  t.same(browserViolations(OLD, [login, page], opens, false), [])
})

t.test('a page that sets the old cookie takes the login away if it arrives later', async (t) => {
  const late = { ...page, answer: { ...page.answer, setsCookie: true } }
  const violations = ['an older cookie over a newer one', 'a login that the browser has lost']
  t.same(browserViolations(OLD, [login, late], opens, false), violations)
  t.same(browserViolations(OLD, [login, late], opens, true), violations)
  t.same(browserViolations(OLD, [login, { ...late, order: 0 }], opens, true), [], 'a rolling session has one order')
})

t.test('after a logout the browser must not be logged in, whatever arrives last', async (t) => {
  t.same(browserViolations(OLD, [login, logout], opens, false), ['a browser that is logged in after a logout'])
  t.same(browserViolations(OLD, [logout, page], opens, false), [])
})
