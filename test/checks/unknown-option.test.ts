import t from 'tap'
import { remedyFor, remedyForAttribute } from '../../lib/checks/unknown-option.ts'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'

const messageOf = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}
const ofPlugin = (options: object) => messageOf(() => resolveOptions(options))

t.test('for a cookie attribute beside "cookie", the message shows how to write it in "cookie"', async (t) => {
  for (const [options, remedy] of [
    [{ secure: false }, '`cookie: { secure: false }`'],
    [{ sameSite: 'none' }, "`cookie: { sameSite: 'none' }`"],
    [{ samesite: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ SameSit: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ domain: 'example.com' }, "`cookie: { domain: 'example.com' }`"],
    [{ path: '/app' }, "`cookie: { path: '/app' }`"],
    [{ httpOnly: true }, '`cookie: { httpOnly: true }`'],
    [{ httponly: true }, '`cookie: { httpOnly: true }`'],
    [{ partitioned: true }, '`cookie: { partitioned: true }`'],
    [{ priority: 'high' }, "`cookie: { priority: 'high' }`"],
    [{ cookie_same_site: 'lax' }, "`cookie: { sameSite: 'lax' }`"],
    [{ cookiePath: { a: 1 } }, '`cookie: { path: ... }`']
  ] as const) {
    const [name] = Object.keys(options)
    const message = ofPlugin(options)
    t.ok(message.startsWith(`unknown option "${name}": it belongs in "cookie": ${remedy}. Known are store, `), message)
  }
})

t.test('the message suggests a near name, and then lists all names', async (t) => {
  for (const [name, near] of [
    ['cookie_name', 'cookieName'],
    ['sessionStore', 'store'],
    ['timeout', 'storeTimeout']
  ] as const) {
    const message = ofPlugin({ [name]: 'x' })
    t.ok(message.startsWith(`unknown option "${name}": did you mean "${near}"? Known are store, lifetime`), message)
  }
})

t.test('if no name is near, the message only lists the names', async (t) => {
  for (const name of ['zzz', 'foo', 'constructor', 'toString', '']) {
    t.match(ofPlugin({ [name]: 1 }), new RegExp(`^unknown option "${name}": known are store, lifetime, rolling,`))
  }
  t.match(ofPlugin({ cookie: { zzz: 1 } }), /^unknown option "cookie\.zzz": known are path, domain, sameSite,/)
})

t.test('for an option in "cookie", the message says that it belongs beside "cookie"', async (t) => {
  for (const [name, remedy] of [
    ['lifetime', '"lifetime" belongs beside "cookie", not in it'],
    ['store', '"store" belongs beside "cookie", not in it'],
    ['name', 'it is "cookieName" here, beside "cookie"'],
    ['maxAge', 'it is "lifetime" here, beside "cookie", in seconds'],
    ['signed', 'only a CookieStore needs a secret'],
    ['encode', 'leave it out'],
    ['http_only', 'did you mean "cookie.httpOnly"?']
  ] as const) {
    const message = ofPlugin({ cookie: { [name]: 'x' } })
    t.ok(message.startsWith(`unknown option "cookie.${name}": ${remedy}`), message)
    t.ok(message.includes('nown are path, domain'), message)
  }
})

t.test('no known option has a hint', async (t) => {
  const known = { options: ['store', 'name'], cookie: ['path'] }
  t.equal(remedyFor('stoer', 1, known), 'did you mean "store"? Known are store, name')
  t.equal(remedyForAttribute('pth', known), 'did you mean "cookie.path"? Known are path')
})

t.test('the message shows the value of an attribute, but never a value that may be a secret', async (t) => {
  for (const [options, is] of [
    [{ lifetime: '1d' }, "but is '1d'"],
    [{ rolling: 1 }, 'but is 1'],
    [{ lifetime: null }, 'but is null'],
    [{ autoload: ['app'] }, "but is [ 'app' ]"],
    [{ cookie: { sameSite: 'Lax' } }, "but is 'Lax'"],
    [{ cookie: { secure: {} } }, 'but is another object'],
    [{ store: InMemoryStore }, 'but is a function or class: pass what `new` makes of it'],
    [{ store: 'redis://user:hidden@host' }, 'but is text'],
    [{ encryptor: 'hidden' }, 'but is text'],
    [{ name: 'connect.sid' }, '(the name of the cookie is "cookieName"), but is \'connect.sid\'']
  ] as const) {
    const message = ofPlugin(options)
    t.ok(message.endsWith(is), message)
    t.notMatch(message, /hidden/)
  }
})
